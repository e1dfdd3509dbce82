"""A study file, `config/studies/NAME.yaml`: rows, columns, metrics and tables of a paper, and its dull baselines."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from overheard.scores.counted import COUNTED
from overheard.scores.metrics import METRICS
from overheard.study.checking import Section
from overheard.study.controls_file import Controls
from overheard.study.flow import STAGES, VIEWS

Own = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$")]


class Block(Section):
    rows: list[str]
    columns: list[str]


class Metric(Section):
    """A score that tables show, in percent; which there are: scores/metrics.py."""

    label: str
    decimals: Annotated[int, Field(ge=0, le=4)] = Field(description="of a number in a table")
    says: str | None = Field(None, description="what must be said of it in a caption")


class TableSpec(Section):
    published: str | None = Field(None, description="its name among the printed numbers; null where the paper has none")
    title: str
    caption: str
    blocks: list[Block]
    metrics: list[str] = Field(description="words of the study's metrics")
    scenes: list[str] = Field([], description="scenes in each of which the accuracy of its rows is compared, too")

    def runs(self) -> list[tuple[str, str]]:
        """The (method, modality) pairs of the table, in its order."""
        return [(row, column) for block in self.blocks for row in block.rows for column in block.columns]


class CountSpec(Section):
    """A table of the clips themselves, a line a scene."""

    published: str | None = Field(None, description="its name among the printed numbers; null where the paper has none")
    title: str
    caption: str
    shows: list[str] = Field(description="words of scores/counted.py")

    @field_validator("shows")
    @classmethod
    def _counted(cls, shows: list[str]) -> list[str]:
        if unknown := [word for word in shows if word not in COUNTED]:
            raise ValueError(f"found {', '.join(unknown)}; allowed: {', '.join(COUNTED)}")
        return shows


class FigureSpec(Section):
    """A figure: the function that draws it, the rows it shows, and the files it reads."""

    published: str | None = Field(None, description="its name in the paper; null where the paper has none")
    title: str
    caption: str
    draws: str = Field(description="the function that draws it, a word of scores/plots/drawings.py")
    table: str | None = Field(None, description="it shows the rows of this table")
    blocks: list[Block] = Field([], description="or these rows, of any table")
    reads: list[str] = Field(description="stage.flag, as media.statistics; scores, predictions: of its rows' runs")
    configuration: str | None = Field(
        None, description="what of the experiment's configuration a diagram says: a word of the design's"
    )
    settings: dict[str, bool | int | float | str | list[str]] = Field({}, description="what its function asks for")

    @field_validator("reads")
    @classmethod
    def _files(cls, reads: list[str]) -> list[str]:
        known = [f"{stage}.{flag}" for stage, its in STAGES.items() for flag in its.writes]
        if unknown := [word for word in reads if word not in (*known, "scores", "predictions")]:
            raise ValueError(f"found {', '.join(unknown)}; allowed: scores, predictions, {', '.join(known)}")
        return reads

    @model_validator(mode="after")
    def _rows(self) -> "FigureSpec":
        if self.table and self.blocks:
            raise ValueError("table, blocks: expected one of the two")
        return self

    def patterns(self) -> list[str]:
        """The patterns of the files that it reads by stage."""
        words = [word.split(".") for word in self.reads if "." in word]
        return [STAGES[stage].writes[flag] for stage, flag in words]

    def shown(self, tables: Mapping[str, TableSpec]) -> list[Block]:
        """Its rows and columns."""
        return tables[self.table].blocks if self.table else self.blocks

    def runs(self, tables: Mapping[str, TableSpec]) -> list[tuple[str, str]]:
        """The (method, modality) pairs that it shows, in its order."""
        return [(row, column) for block in self.shown(tables) for row in block.rows for column in block.columns]


class Method(Section):
    """A row: its label, and of what some rows read and use, what this one does; a test holds the code to it."""

    label: str
    reads: list[str] = Field(description="words of the design's")
    uses: list[str] = []
    baseline: bool = Field(False, description="a dull baseline, fitted and tested by the stage `baselines`")
    runs: list[str] = Field(
        [], description="rows before it, as method/modality, of whose runs it reads those of its seed: a baseline"
    )
    starts: list[str] = Field(
        [], description="rows before it, as method/modality, from whose students of its seed its own starts"
    )
    joined: bool = Field(False, description="nothing is trained: its test joins what the students under `starts` say")
    settings: dict[str, bool | int | float | str | list[float]] = Field(
        {}, description="what its loss asks for by keyword and no protocol says"
    )
    untrained: bool = Field(False, description="nothing is learnt: the student is tested as a training starts it")
    loss: Own | None = Field(None, description="L_Omega of your own: package.module:function; docs/your-own-loss.md")
    event_head: Literal["sound", "joint"] | None = Field(
        None, description="of a loss of your own: what its event head hears, N_a or N_{v+a}"
    )
    head: Own | None = Field(None, description="what makes that head, of its width and the number of events")

    @model_validator(mode="after")
    def _fitting(self) -> "Method":
        if self.loss is None and (self.event_head or self.head):
            raise ValueError("event_head and head belong to a loss of your own; name it under loss, or leave them out")
        if self.head and not self.event_head:
            raise ValueError("head: needs event_head, sound or joint: what it hears")
        if self.runs and not self.baseline:
            raise ValueError("runs: only a baseline reads what the runs of other rows said; leave it out")
        if self.joined and not self.starts:
            raise ValueError("joined: needs starts, the rows whose students it joins")
        if self.baseline and (self.loss or self.settings):
            raise ValueError("baseline: is not trained; leave out loss and settings")
        return self

    def is_of(self, stage: str) -> bool:
        """Whether a stage that has jobs of rows has some of this one."""
        return self.baseline == (stage == "baselines") and not (self.joined and stage == "train")

    @property
    def own(self) -> dict[str, str]:
        """What says of a row that its method is of the study's own, as settings of its stages."""
        its = {"loss": self.loss, "event_head": self.event_head, "head": self.head}
        return {name: value for name, value in its.items() if value is not None}


class Study(Section):
    """One file `config/studies/NAME.yaml`: which rows, columns and tables the paper has."""

    study: str
    design: str = Field(description="what is trained on what: a word of study/designs.py")
    title: str
    data: str = Field(description="the paper's data set, whose numbers no others may be taken for")
    published: str
    claims: str | None = Field(None, description="what the paper says of its rows: a file of config/claims/")
    columns: dict[str, str] = Field(description="what a row is given, and what tables and figures call it")
    views: dict[str, str] = Field(
        {}, description="columns that show other scores of another column's runs: pieces, those of parts of its clips"
    )
    metrics: dict[str, Metric]
    tables: dict[str, TableSpec]
    counts: dict[str, CountSpec] = Field({}, description="tables of the clips themselves")
    figures: dict[str, FigureSpec] = {}
    methods: dict[str, Method]
    controls: Controls | None = Field(None, description="what `overheard controls` runs")

    @field_validator("metrics")
    @classmethod
    def _measured(cls, metrics: dict[str, Metric]) -> dict[str, Metric]:
        if unknown := sorted(metrics.keys() - METRICS.keys()):
            raise ValueError(f"found {', '.join(unknown)}; allowed: {', '.join(METRICS)}")
        return metrics

    @model_validator(mode="after")
    def _viewed(self) -> "Study":
        if unknown := sorted(self.views.keys() - VIEWS.keys()):
            raise ValueError(f"views: found {', '.join(unknown)}; allowed: {', '.join(VIEWS)}")
        if odd := sorted({*self.views.values()} - (self.columns.keys() - self.views.keys())):
            raise ValueError(f"views: found {', '.join(odd)}; expected a column with runs of its own")
        dull = {name for name, method in self.methods.items() if method.baseline}
        if blind := [row for row, column in self.shown() if column in self.views and row in dull]:
            raise ValueError(f"views: rows {', '.join(blind)} are baselines, of which clips alone are scored")
        for word, table in self.tables.items():
            if len({column if column in self.views else "" for _, column in table.runs()}) > 1:
                raise ValueError(f"tables.{word}: columns {', '.join(self.views)} stand in tables of their own")
        return self

    @model_validator(mode="after")
    def _known(self) -> "Study":
        if odd := sorted({column for row, column in self.shown()} - self.columns.keys()):
            raise ValueError(f"tables: columns {', '.join(odd)} are not among columns: {', '.join(self.columns)}")
        for word, table in self.tables.items():
            if strange := [metric for metric in table.metrics if metric not in self.metrics]:
                raise ValueError(
                    f"tables.{word}.metrics: found {', '.join(strange)}; allowed, as under metrics: "
                    f"{', '.join(self.metrics)}"
                )
        unknown = sorted({row for row, _ in self.rows()} - set(self.methods))
        if unknown:
            raise ValueError(f"tables: rows {', '.join(unknown)} are not among methods")
        before: set[str] = set()
        shown = {row for row, _ in self.rows()}
        for name, method in self.methods.items():
            known = [f"{row}/{column}" for row, column in self.rows() if row in before]
            for key, runs in (("runs", method.runs), ("starts", method.starts)):
                if wrong := [run for run in runs if run not in known and name in shown]:
                    raise ValueError(
                        f"methods.{name}.{key}: found {', '.join(wrong)}; expected rows of tables with methods before "
                        f"it: {', '.join(known)}"
                    )
            before.add(name)
        named = self.controls.rows() if self.controls else []
        if strangers := sorted({f"{row}/{column}" for row, column in named if (row, column) not in self.trained()}):
            raise ValueError(f"controls: found {', '.join(strangers)}, which no table trains; add them to a table")
        return self

    @model_validator(mode="after")
    def _figures(self) -> "Study":
        known = self.shown()
        if twice := sorted({*self.counts} & {*self.tables, *self.figures}):
            raise ValueError(f"counts: {', '.join(twice)} is a table or a figure too; expected a name of its own")
        for name, spec in self.figures.items():
            if spec.table and spec.table not in self.tables:
                raise ValueError(f"figures.{name}.table: found {spec.table}; allowed: {', '.join(self.tables)}")
            if strange := [f"{row}/{column}" for row, column in spec.runs(self.tables) if (row, column) not in known]:
                raise ValueError(f"figures.{name}: rows {', '.join(strange)} are in none of the tables")
            if any("{table}" in pattern for pattern in spec.patterns()) and not spec.table:
                raise ValueError(f"figures.{name}: reads what belongs to a table; name it under table")
        return self

    def shown(self) -> list[tuple[str, str]]:
        """Every (method, modality) of any table, once, in the order of first appearance."""
        return list(dict.fromkeys(run for table in self.tables.values() for run in table.runs()))

    def rows(self) -> list[tuple[str, str]]:
        """Those of them that have runs of their own."""
        return list(dict.fromkeys(map(self.made, self.shown())))

    def made(self, row: tuple[str, str]) -> tuple[str, str]:
        """The row whose runs a row of a table or figure shows: itself, unless its column is a view."""
        return row[0], self.views.get(row[1], row[1])

    def tested(self, row: tuple[str, str], flag: str) -> str:
        """The pattern of the files with the `scores` or `predictions` that a row shows."""
        own = flag if row[1] not in self.views else VIEWS[row[1]][flag]
        return STAGES[self.tested_by(row[0])].writes[own]

    def tested_by(self, method: str) -> str:
        """The stage whose scores a row has."""
        return "baselines" if self.methods[method].baseline else "evaluate"

    def trained(self) -> list[tuple[str, str]]:
        """The rows that students are trained for."""
        return [row for row in self.rows() if self.methods[row[0]].is_of("train")]

    def baselines(self) -> list[tuple[str, str]]:
        """The rows that are dull baselines: no student has a part in them."""
        return [row for row in self.rows() if self.methods[row[0]].baseline and not self.methods[row[0]].runs]

    def read_by(self, method: str) -> list[tuple[str, str]]:
        """The rows whose runs a row reads, each of its own seed."""
        its = self.methods[method]
        return [(run.rpartition("/")[0], run.rpartition("/")[2]) for run in (*its.runs, *its.starts)]
