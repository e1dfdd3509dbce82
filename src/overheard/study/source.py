"""Where an experiment's media come from: what every source says of itself; a design has its own kinds."""

from abc import abstractmethod
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from overheard.scores.origin import Origin
from overheard.study.checking import Section, Seed

# keys that sources of several designs share
Classes = Annotated[list[str] | None, Field(description="classes to use; all found where it is null")]
Channels = Annotated[Literal["mean"] | None, Field(description="`mean` averages sounds of more than two channels")]
WindowSeed = Annotated[Seed, Field(description="seed of the ten-second windows cut from longer sounds")]
World = Annotated[Seed, Field(description="seed of the simulated world")]


class Source(Section):
    """A section `source`; `drawn` is whether its media are made here, else they are a user's own."""

    kind: str
    drawn: ClassVar[bool]

    @abstractmethod
    def origin(self, data: str) -> Origin:
        """What it is called, in a study of `data`."""
