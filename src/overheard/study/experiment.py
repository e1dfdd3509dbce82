"""What every experiment's configuration has, whatever its study's design: study, protocol, seeds, split."""

import re
from typing import Annotated, Any

from pydantic import Field, model_validator

from overheard.study.checking import Positive, Section, Seed
from overheard.study.source import Source

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
STUDY = "advance"
"""The study of an experiment that names none."""


class Split(Section):
    """70/10/20 by location within each class, a fold a seed; a `split` column of the user's metadata goes before it."""

    fractions: Annotated[list[Positive], Field(min_length=3, max_length=3)] = Field(
        [0.7, 0.1, 0.2], description="of each class's locations in train, val, test; at least one in each"
    )
    folds: Annotated[int, Field(ge=1, le=1000)] = Field(
        5,
        description="each location is tested in one fold; seed k is of fold k mod folds; the fraction for test is "
        "1/folds; 1: one split for all seeds",
    )
    seed: Seed = Field(0, description="of the draw; one and the same for all folds")

    @model_validator(mode="after")
    def _whole(self) -> "Split":
        if abs(sum(self.fractions) - 1) > 1e-9:
            raise ValueError(f"fractions of train, val, test must sum to 1, found {sum(self.fractions):g}")
        if self.folds > 1 and abs(self.fractions[2] - 1 / self.folds) > 5e-4:
            raise ValueError(
                f"fractions: {self.fractions[2]:g} for test does not fit folds: {self.folds}, each of which tests "
                f"1/{self.folds} of the locations; set the fraction to {1 / self.folds:.3g}, or folds: 1"
            )
        return self


class Experiment(Section):
    """One file `config/NAME.yaml`; a design adds its sections."""

    study: str = Field(STUDY, description="rows, columns and tables: config/studies/")
    protocol: str | dict[str, Any] = Field(
        "corrected", description="config/protocols/; or `base:` and switches that differ from it ([all](switches.md))"
    )
    seeds: Annotated[list[Seed], Field(min_length=1, max_length=1000)] = Field(
        [0, 1, 2, 3, 4], description="one run of every row for each"
    )
    source: Source
    split: Split = Split()

    @property
    def idle(self) -> dict[str, str]:
        """Switches of a protocol that change nothing here, whatever they say, with the reason."""
        return {}

    @model_validator(mode="after")
    def _distinct(self) -> "Experiment":
        if repeated := sorted({seed for seed in self.seeds if self.seeds.count(seed) > 1}):
            raise ValueError(f"seeds: {', '.join(map(str, repeated))} repeated; each seed is one run")
        return self
