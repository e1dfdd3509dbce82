"""An experiment with what its configuration names, and what a study's design must say of it."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from overheard.scores.origin import Origin
from overheard.study import switch
from overheard.study.claims_file import Claims
from overheard.study.experiment import Experiment
from overheard.study.study_file import Study

Row = tuple[str, str]
"""A row of a study and its column: method, modality."""
Values = Mapping[str, Any]
"""Of the names in a stage's record, what one job has: numbers for `seed` and `fold`."""
Files = dict[str, str | list[str]]
"""Paths by flag."""


class Given(NamedTuple):
    """What `overheard init` is told of a user's folder.

    Attributes:
        layout: which of the design's `LAYOUTS` it has.
        folder: of the user's media.
        scenes: folder of pictures that an image network is pre-trained on.
        tagger: weights of mn04.
    """

    layout: str
    folder: Path
    scenes: Path | None
    tagger: Path | None

    def quoted(self, key: str) -> str:
        """A path as YAML, whatever its characters (a JSON string is YAML); absolute, so it holds wherever it is."""
        path = getattr(self, key)
        return "null" if path is None else json.dumps(str(path.absolute()), ensure_ascii=False)


class Design(Protocol):
    """What is trained on what in a study: a module, `study/NAME/design.py`; the word stands in the study file."""

    @property
    def EXPERIMENT(self) -> type[Experiment]: ...  # noqa: N802

    @property
    def PROTOCOL(self) -> type[switch.Protocol]: ...  # noqa: N802

    @property
    def SWITCHES(self) -> Mapping[str, switch.Switch]: ...  # noqa: N802

    @property
    def VARIES(self) -> str | None:  # noqa: N802
        """What differs between the seeds of a row, beside the fold; None: as `scores.cells.Ask` has it."""

    @property
    def CONFIGURATIONS(self) -> Mapping[str, Callable[["Loaded", Sequence[Row]], dict[str, Any]]]:  # noqa: N802
        """What a diagram says of the configuration, by the word under `configuration` of a figure."""

    @property
    def LAYOUTS(self) -> Mapping[str, Sequence[str]]:  # noqa: N802
        """Layouts of a user's folder by word, with the subfolders by which each is known."""

    def template(self, name: str, study: str, given: Given) -> tuple[str, list[str]]:
        """The annotated configuration `overheard init` writes for a folder, and lines on what it is based on."""

    def problems(self, study: Study) -> list[str]:
        """What is wrong with the rows of a study of this design, a line each."""

    def settled(self, experiment: Experiment, protocol: switch.Protocol) -> Experiment:
        """The experiment with what its protocol decides."""

    def places(self, experiment: Experiment) -> dict[str, tuple[str, str]]:
        """Files and folders that the configuration names: by key, `file` or `folder`, and path."""

    def outside(self, loaded: "Loaded") -> set[str]:
        """What no job makes, and is too large for Snakemake to compare: paths."""

    def published(self, loaded: "Loaded") -> set[str]:
        """Files of `config/published/` that jobs read besides the study's printed numbers: paths."""

    def left_out(self, loaded: "Loaded") -> dict[Row, str]:
        """Rows that this experiment cannot make, with the reason that stands in the table."""

    def unneeded(self, loaded: "Loaded") -> set[str]:
        """Stages that this experiment has no job for."""

    def own_jobs(self, loaded: "Loaded", stage: str) -> list[tuple[Any, ...]] | None:
        """What the jobs of a stage differ in, by the names in its record; None where that is not the design's own."""

    def without(self, loaded: "Loaded", stage: str, values: Values) -> set[str]:
        """Flags of files that this job of a stage does not write."""

    def reads(self, loaded: "Loaded", stage: str, values: Values, absent: Collection[str]) -> Files:
        """The files that a job reads, of the stages that `study.jobs` does not know."""

    def implied(self, loaded: "Loaded", stage: str, values: Values) -> set[str]:
        """Of what a job reads, that which another job it reads from has read too: their contents change together."""

    def settings(self, loaded: "Loaded", stage: str, values: Values) -> dict[str, Any]:
        """Arguments of a job that decide and are no files, besides those that its record's name says."""

    def switched(self, loaded: "Loaded", stage: str) -> dict[str, Any]:
        """The switches of the protocol that reach a stage whose jobs are of no row."""

    def remarks(self, loaded: "Loaded") -> list[str]:
        """Lines that must stand in every caption: what is not as in the paper."""

    def decided(self, loaded: "Loaded") -> dict[Row, Any]:
        """Of each trained row, what decides its trainings and tests: its settings, and those of jobs it rests on."""

    def comparable(self, name: str, plain: "Loaded", change: Mapping[str, Any]) -> dict[str, Any]:
        """Switches that a variant of the experiment `name` must have besides `plain`'s and a change, to be paired."""

    def timed(self, loaded: "Loaded") -> str:
        """The network whose seconds a guess of the duration rests on."""

    def to_make_all(self, experiment: Experiment) -> str | None:
        """One line: what to get for the rows that the experiment leaves out; None where it makes all."""


@dataclass(frozen=True)
class Loaded:
    """An experiment with what its configuration names; `root` is the project's folder."""

    name: str
    path: Path
    root: Path
    experiment: Experiment
    study: Study
    design: Design
    protocol: switch.Protocol
    claims: Claims | None = None

    @property
    def origin(self) -> Origin:
        """Whose numbers are made."""
        found: Origin = self.experiment.source.origin(self.study.data)
        return found

    def of_project(self, path: str) -> str:
        """A file of the project: relative where jobs run in its folder, so that records are the same in every clone."""
        return path if Path.cwd() == self.root else str(self.root / path)
