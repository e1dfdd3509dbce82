"""A protocol: switches between what a paper says, what its program does, and ours. Which there are says its design."""

from typing import NamedTuple

from pydantic import field_validator

from overheard.study.checking import Section


class Switch(NamedTuple):
    """What one key of a protocol decides.

    Attributes:
        stages: whose jobs it reaches.
        paper: what the paper says.
        released: what the released program does.
        rows: of trainings and their evaluations, which rows it reaches: `all`; `named`, those whose `uses` in the study
            file name it; or a word of the design's.
    """

    stages: tuple[str, ...]
    paper: str
    released: str
    rows: str = "all"


class Protocol(Section):
    """What every file `config/protocols/NAME.yaml` has; its switches are those of a design. It has no defaults."""

    protocol: str
    allowed_leaks: list[str]

    @field_validator("allowed_leaks")
    @classmethod
    def _ways(cls, allowed: list[str]) -> list[str]:
        # the stages' commands never need what the report needs
        from overheard.media.leak_lines import WAYS

        # a job that read another split than the study's own is no way that a protocol could mean
        ways = [way for way in WAYS if way != "other_split"]
        if unknown := sorted(set(allowed) - set(ways)):
            raise ValueError(f"found {', '.join(unknown)}; allowed: {', '.join(ways)}")
        return allowed


def switches(protocol: type[Protocol]) -> dict[str, Switch]:
    """Every switch of a design's protocols, in the order of their files."""
    return {
        name: found
        for name, field in protocol.model_fields.items()
        for found in field.metadata
        if isinstance(found, Switch)
    }
