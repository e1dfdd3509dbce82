"""A study file, `config/studies/NAME.yaml`: rows, columns, metrics and tables of a paper, and its dull baselines."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from overheard.study.checking import Section
from overheard.study.protocol import NAMED


class Block(Section):
    rows: list[str]
    columns: list[Literal["none", "image", "sound", "image+sound"]]


class TableSpec(Section):
    published: str | None = Field(None, description="its name among the printed numbers; null where the paper has none")
    title: str
    caption: str
    blocks: list[Block]
    metrics: list[Literal["precision", "recall", "f_score"]]

    def runs(self) -> list[tuple[str, str]]:
        """The (method, modality) pairs of the table, in its order."""
        return [(row, column) for block in self.blocks for row in block.rows for column in block.columns]


class Method(Section):
    """A row: its label, and of what some rows read and use, what this one does; a test holds the code to it."""

    label: str
    reads: list[Literal["encoders", "logits", "prior", "relevance", "images", "sounds"]]
    uses: list[str] = []
    baseline: bool = Field(False, description="a dull baseline, fitted and tested by the stage `baselines`")

    @field_validator("uses")
    @classmethod
    def _switches(cls, uses: list[str]) -> list[str]:
        if unknown := [name for name in uses if name not in NAMED]:
            raise ValueError(f"found {', '.join(unknown)}; allowed: {', '.join(NAMED)}")
        return uses


class Study(Section):
    """One file `config/studies/NAME.yaml`: which rows, columns and tables the paper has."""

    study: str
    title: str
    published: str
    claims: str | None = Field(None, description="what the paper says of its rows: a file of config/claims/")
    tables: dict[str, TableSpec]
    methods: dict[str, Method]

    @model_validator(mode="after")
    def _known(self) -> "Study":
        unknown = sorted({row for row, _ in self.rows()} - set(self.methods))
        if unknown:
            raise ValueError(f"tables: rows {', '.join(unknown)} are not among methods")
        return self

    def rows(self) -> list[tuple[str, str]]:
        """Every (method, modality) of any table, once, in the order of first appearance."""
        return list(dict.fromkeys(run for table in self.tables.values() for run in table.runs()))

    def tested_by(self, method: str) -> str:
        """The stage whose scores a row has."""
        return "baselines" if self.methods[method].baseline else "evaluate"

    def trained(self) -> list[tuple[str, str]]:
        """The rows that students are trained for."""
        return [row for row in self.rows() if not self.methods[row[0]].baseline]

    def baselines(self) -> list[tuple[str, str]]:
        """The rows that are dull baselines."""
        return [row for row in self.rows() if self.methods[row[0]].baseline]
