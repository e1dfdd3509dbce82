"""A table, the claims or the statistics of an experiment, printed: in colours where a terminal is."""

from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from overheard.errors import ConfigError
from overheard.study.experiments import load, project_root
from overheard.study.flow import FINAL_STAGES, STAGES
from overheard.study.layout import maker
from overheard.study.plan import targets


def words_of(folder: Path) -> dict[str, list[Path]]:
    """What a folder of results has to show: the pages by word, a table's own or else the stage's."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*/*.md")):
        made = maker(path.relative_to(folder).as_posix())
        if made and made[0] in FINAL_STAGES:
            found.setdefault(_word(made[0], made[2]), []).append(path)
    return found


def _word(stage: str, values: dict[str, str]) -> str:
    own = {"tables": "table", "counts": "counted"}
    return values[own[stage]] if stage in own and own[stage] in values else stage


def _planned(name: str) -> list[str]:
    """What a complete run of an experiment would have to show."""
    pages = [stage for stage in FINAL_STAGES if any(path.endswith(".md") for path in STAGES[stage].writes.values())]
    return [
        _word(target.stage, {key: str(value) for key, value in target.values.items()})
        for target in targets(load(name))
        if target.stage in pages
    ]


def pages(name: str, word: str) -> tuple[str, str]:
    """The text of what is asked for, and a line to say first: where it comes from, if not from the experiment itself.

    Args:
        name: the experiment.
        word: a table, `claims` or `statistics`.

    Raises:
        ConfigError: there is no such word, or nothing of it was made yet; names what there is, or the next command.
    """
    own = Path("results", name)
    there = words_of(own)
    for folder in (own, Path("reference", name), project_root() / "reference" / name):
        found = words_of(folder)
        if word in found:
            said = "" if folder == own else f"{folder}/, as {own}/ has no {word}; make it: `overheard run {name}`"
            return "\n".join(path.read_text(encoding="utf-8") for path in found[word]), said
        there |= found
    configured = Path("config", f"{name}.yaml").is_file()
    planned = _planned(name) if configured or not there else []
    if word in planned:
        raise ConfigError(f"results/{name}: no {word} yet; `overheard run {name}` makes it")
    known = dict.fromkeys([*planned, *there])
    raise ConfigError(f"{word}: nothing of that name in {name}; there are: {', '.join(known)}")


def show(name: str, word: str) -> None:
    """Print it: with colours and bold on a terminal, as it stands in the file elsewhere."""
    text, said = pages(name, word)
    console = Console(soft_wrap=False, highlight=False)
    if said:
        console.print(said, markup=False, soft_wrap=True)
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        print(text, end="")
