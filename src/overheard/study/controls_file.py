"""The section `controls` of a study file: worlds and changes that decide what transfer must do."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from overheard.study.checking import Positive, Section

Expected = Literal["helps", "vanishes", "at most 0", "exact null", "reaches"]
Column = Literal["image", "sound", "image+sound"]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$")]


class Expectation(Section):
    """What a row less another must be."""

    difference: Expected = Field(alias="is", description="see docs/controls.md")
    columns: list[Column]
    row: str = "scene+event"
    less: str = "scene"


class Case(Section):
    """One experiment: what it changes, and what is expected there."""

    change: dict[str, Any] = Field({}, description="setting with a dot in it: value, as of `overheard run --set`")
    expected: list[Expectation]


class Degraded(Section):
    """Stored students tested again on clips of which the picture or the sound is worse."""

    rows: list[str] = Field(description="as method/modality")
    image: list[str] = Field([], description="values of control.test_image")
    sound: list[str] = Field([], description="values of control.test_sound")


class Controls(Section):
    margin: Positive = Field(description="points within which a difference counts as none")
    within: Positive = Field(description="points by which a row may stay behind one that it reaches")
    power: Annotated[float, Field(gt=0, lt=1)] = Field(
        description="chance that a difference which is 0 is found to vanish"
    )
    deviation: Positive = Field(description="points, of paired differences over seeds of a fold, as assumed")
    cases: dict[Word, Case]
    degraded: Degraded | None = None

    @model_validator(mode="after")
    def _starts_as_it_is(self) -> "Controls":
        unchanged = [name for name, case in self.cases.items() if not case.change]
        if len(unchanged) != 1:
            raise ValueError(
                f"cases: found {len(unchanged)} that change nothing ({', '.join(unchanged) or 'none'}); expected one, "
                "with which the degraded ones are compared"
            )
        return self

    def rows(self) -> list[tuple[str, str]]:
        """Every (method, modality) that is named."""
        of_cases = [row for case in self.cases.values() for row in rows_of(case)]
        return [*of_cases, *self.tested()]

    def tested(self) -> list[tuple[str, str]]:
        """The (method, modality) that are tested on degraded clips."""
        runs = self.degraded.rows if self.degraded else []
        return [(run.rpartition("/")[0], run.rpartition("/")[2]) for run in runs]


def rows_of(case: Case) -> list[tuple[str, str]]:
    """The (method, modality) that a case compares, once each."""
    named = [(method, one) for its in case.expected for one in its.columns for method in (its.less, its.row)]
    return list(dict.fromkeys(named))
