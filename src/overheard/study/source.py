"""Where an experiment's media come from: what every source says of itself; a design has its own kinds."""

from abc import abstractmethod
from typing import ClassVar

from overheard.scores.origin import Origin
from overheard.study.checking import Section


class Source(Section):
    """A section `source`; `drawn` is whether its media are made here, else they are a user's own."""

    kind: str
    drawn: ClassVar[bool]

    @abstractmethod
    def origin(self, data: str) -> Origin:
        """What it is called, in a study of `data`."""
