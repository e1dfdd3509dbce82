"""`overheard init`: an annotated configuration for a user's own folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from overheard.errors import ConfigError, MediaError
from overheard.io import whole
from overheard.study.checking import check
from overheard.study.config import load_study
from overheard.study.designs import DESIGNS
from overheard.study.experiment import NAME, STUDY
from overheard.study.experiments import project_root
from overheard.study.loaded import Given
from overheard.study.yaml_file import parsed


def write_config(name: str, study: str | None, folder: Path, scenes: Path | None, tagger: Path | None) -> str:
    """Write `config/NAME.yaml`; what it is based on and what to do next, in words.

    Args:
        name: of the experiment.
        study: a file of config/studies/, None for the default; its design says what the configuration has.
        folder: of the user's media.
        scenes: folder of pictures that an image network is pre-trained on.
        tagger: weights of mn04.

    Raises:
        ConfigError: the name is not one, the file exists, or the design asks for more.
        MediaError: a folder or the weights are not there.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r}: a name has letters, digits, dot, dash and underscore, and starts with a letter or digit"
        )
    path = Path("config") / f"{name}.yaml"
    if path.exists():
        raise ConfigError(f"{path}: exists already; edit it, or choose another name")
    design = DESIGNS[load_study(project_root(), study := study or STUDY).design]
    layout = _layout(folder, design.LAYOUTS)
    if scenes is not None and not scenes.is_dir():
        raise MediaError(f"--scenes {scenes}: no such folder")
    if tagger is not None and not tagger.is_file():
        raise MediaError(f"--tagger {tagger}: no such file")
    text, said = design.template(name, study, Given(layout, folder, scenes, tagger))
    experiment = check(design.EXPERIMENT, parsed(text, str(path)), str(path))
    whole.write_text(path, text)
    if missing := design.to_make_all(experiment):
        said.append(missing)
    return "\n".join([*said, f"{path} written; look through it, then: overheard run {name}"])


def _layout(folder: Path, layouts: Mapping[str, Sequence[str]]) -> str:
    """Which of a design's layouts a folder has.

    Raises:
        MediaError: none; names the first subfolder that is missing in each.
    """
    missing = []
    for word, parts in layouts.items():
        absent = [part for part in parts if not (folder / part).is_dir()]
        if not absent:
            return word
        missing.append(f"{folder / absent[0]}: no such folder; expected {' and '.join(f'{part}/' for part in parts)}")
    raise MediaError(f"{'; or '.join(missing)} under {folder}")
