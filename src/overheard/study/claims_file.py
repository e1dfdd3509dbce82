"""A claims file, `config/claims/NAME.yaml`: what a paper says of its rows, and which comparisons would show it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from overheard.errors import ConfigError
from overheard.scores.in_scenes import IN_SCENES, in_scene
from overheard.study.checking import Section, check
from overheard.study.study_file import Study
from overheard.study.yaml_file import read_yaml

Points = Annotated[float, Field(ge=0, le=100)]
Row = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", description="method@modality")]
Pair = Annotated[list[Row], Field(min_length=2, max_length=2)]


class Compare(Section):
    """Two rows, and which is said to be above the other."""

    above: Pair | None = Field(None, description="the first is above the second by more than the margin")
    not_above: Pair | None = Field(None, description="the first is not above the second by the margin or more")
    margin: Points = Field(0.0, description="in points of percent")

    @model_validator(mode="after")
    def _one_of_two(self) -> "Compare":
        if (self.above is None) == (self.not_above is None):
            raise ValueError("expected one of above and not_above, with two rows")
        if self.not_above and not self.margin:
            raise ValueError("not_above needs a margin above 0: that two rows are the very same cannot be shown")
        if len(set(self.pair)) == 1:
            raise ValueError(f"found {self.pair[0]} beside itself; expected two rows")
        return self

    @property
    def pair(self) -> list[str]:
        """The two rows, as method@modality."""
        return self.above or self.not_above or []


class Claim(Section):
    """One statement of the paper."""

    says: str
    where: str = Field(description="where the paper says it")
    family: str = Field(description="comparisons whose p-values are corrected together")
    holds: Literal["all", "any"] = Field("all", description="which of its comparisons must hold")
    metric: str = Field("f_score", description="one that the tables of its rows show")
    scene: str | None = Field(None, description="of the clips of this scene alone; then metric is accuracy")
    compare: list[Compare] = []
    missing: str | None = Field(None, description="why nothing can be compared")

    @model_validator(mode="after")
    def _judged_or_not(self) -> "Claim":
        if bool(self.compare) == bool(self.missing):
            raise ValueError("expected compare, or missing with the reason why nothing can be compared")
        if self.scene and self.metric != IN_SCENES:
            raise ValueError(f"scene: found metric {self.metric}; within one scene {IN_SCENES} alone is compared")
        return self


class Claims(Section):
    """One file `config/claims/NAME.yaml`."""

    paper: str
    caveat: str = Field(description="what must be said of verdicts on the printed numbers")
    families: dict[str, str]
    claims: dict[str, Claim]

    @field_validator("claims")
    @classmethod
    def _some(cls, claims: dict[str, Claim]) -> dict[str, Claim]:
        if not claims:
            raise ValueError("expected a claim, found none")
        return claims

    @model_validator(mode="after")
    def _known_families(self) -> "Claims":
        unknown = [f"{word}: {its.family}" for word, its in self.claims.items() if its.family not in self.families]
        if unknown:
            raise ValueError(f"family: found {'; '.join(unknown)}; allowed: {', '.join(self.families)}")
        return self


def load_claims(root: Path, study: Study) -> Claims | None:
    """The claims that a study names, from beside the experiment or the project's root; None where it names none.

    Raises:
        ConfigError: no such file, a wrong key, or rows that the study lacks.
    """
    if study.claims is None:
        return None
    path = next((place for place in (Path(study.claims), root / study.claims) if place.is_file()), None)
    if path is None:
        raise ConfigError(
            f"study {study.study}: claims: no file {study.claims}; fix the key, or take it out to judge no claims"
        )
    claims = check(Claims, read_yaml(path), str(path))
    check_rows(claims, study, str(path))
    return claims


def check_rows(claims: Claims, study: Study, where: str) -> None:
    """Refuse claims on rows, pairs or metrics that no table of the study has.

    Args:
        claims: as read.
        study: the study that names them.
        where: the claims file, for messages.

    Raises:
        ConfigError: one line for each such comparison, with what there is.
    """
    known = [f"{method}@{modality}" for method, modality in study.shown()]
    lines = []
    for word, claim in claims.claims.items():
        for comparison in claim.compare:
            if missing := [row for row in comparison.pair if row not in known]:
                lines.append(f"{word}: study {study.study} has no row {', '.join(missing)}; it has: {', '.join(known)}")
            elif not any(
                {*comparison.pair} <= {f"{method}@{modality}" for method, modality in table.runs()}
                and (claim.scene in table.scenes if claim.scene else claim.metric in table.metrics)
                for table in study.tables.values()
            ):
                pair = " and ".join(comparison.pair)
                what = in_scene(claim.scene) if claim.scene else claim.metric
                lines.append(f"{word}: {pair} stand together in no table of study {study.study} with {what}")
    if lines:
        raise ConfigError("\n".join(f"{where}: claims.{line}" for line in lines))


def as_settings(claims: Claims) -> list[dict[str, Any]]:
    """The claims as a job gets them: one dict each, with its word; pairs as [method, modality]."""
    return [
        {
            "word": word,
            **claim.model_dump(include={"says", "where", "family", "holds", "metric", "missing"}, exclude_none=True),
            **({"metric": in_scene(claim.scene)} if claim.scene else {}),
            "compare": [
                {
                    "first": comparison.pair[0].rsplit("@", 1),
                    "second": comparison.pair[1].rsplit("@", 1),
                    "above": comparison.above is not None,
                    "margin": comparison.margin,
                }
                for comparison in claim.compare
            ],
        }
        for word, claim in claims.claims.items()
    ]
