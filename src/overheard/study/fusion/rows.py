"""The rows of a fusion: what may stand in a study file, and what each is given. Pure."""

from typing import Any

from overheard.study.fusion.experiment import Experiment
from overheard.study.fusion.protocol import SWITCHES, Protocol
from overheard.study.study_file import Method, Study

MODALITIES = ("audio", "video")
"""What a row may read: the embeddings of these."""


def problems(study: Study) -> list[str]:
    """What is wrong with the rows of a study, a line each."""
    lines = []
    for name, method in study.methods.items():
        where = f"methods.{name}"
        if unknown := [word for word in method.reads if word not in MODALITIES]:
            lines.append(f"{where}.reads: found {', '.join(unknown)}; allowed: {', '.join(MODALITIES)}")
        if not method.reads:
            lines.append(f"{where}.reads: found nothing; name audio, video or both")
        others = {"uses": method.uses, "runs": method.runs, "baseline": method.baseline, "loss": method.loss}
        if given := [key for key, value in others.items() if value]:
            lines.append(f"{where}: {', '.join(given)}: not of design fusion; leave it out")
        started = [run.partition("/")[0] for run in method.starts]
        if method.starts and [study.methods[row].reads for row in started if row in study.methods] != [
            ["audio"],
            ["video"],
        ]:
            lines.append(f"{where}.starts: expected a row that reads audio, then one that reads video")
    return lines


def row_word(method: Method) -> str:
    """The network of a row, a word of `learning.models.fusion.ROWS`, by what it reads and starts from."""
    if method.starts:
        return "proposed"
    return "early" if len(method.reads) > 1 else method.reads[0]


def reached(method: Method) -> set[str]:
    """Which switches reach a row, by their word `rows`."""
    if method.joined:
        return {"all", "joined"}
    return {"all", "proposed"} if method.starts else {"all"}


def switched(protocol: Protocol, stage: str, method: Method | None = None) -> dict[str, Any]:
    """The switches of a protocol that reach a stage's job, of a row where it is one; null ones are left out."""
    rows = {"all"} if method is None else reached(method)
    return {
        name: value
        for name, switch in SWITCHES.items()
        if stage in switch.stages and switch.rows in rows and (value := getattr(protocol, name)) is not None
    }


def train_settings(experiment: Experiment, protocol: Protocol, method: Method) -> dict[str, Any]:
    """What a row's training depends on besides its inputs, its name and its seed."""
    settings = switched(protocol, "train", method) | experiment.train.model_dump(exclude_none=True)
    head_epochs = settings.pop("head_epochs", None)
    if "steps" in settings:
        settings.pop("epochs")
    elif head_epochs is not None and experiment.train.epochs is None:
        settings["epochs"] = head_epochs
    return settings | {"row": row_word(method)}


def evaluate_settings(experiment: Experiment, protocol: Protocol, method: Method) -> dict[str, Any]:
    """How a row's students are tested; what trained them is in their own files."""
    settings = switched(protocol, "evaluate", method) | {"device": experiment.train.device}
    if method.joined:
        return {name: value for name, value in settings.items() if name != "hidden"}
    return settings | {"row": row_word(method)}
