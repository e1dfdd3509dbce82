"""What a source is called wherever its numbers stand, so that nobody takes them for the paper's."""

from typing import NamedTuple


class Origin(NamedTuple):
    """A source in words; each source says its own (`study/source.py`)."""

    word: str
    """In cells.csv."""
    said: str
    """In a caption; what stands before a colon is its short form."""
    badge: str | None = None
    """On a figure; None: nothing need be said."""
    not_comparable: str | None = None
    """Why its numbers never stand beside printed ones; None: they do."""
    coordinates: str | None = None
    """What must be said of its coordinates."""

    @property
    def short(self) -> str:
        """For a heading."""
        return self.said.partition(":")[0]

    @property
    def sentence(self) -> str:
        """For a caption."""
        return f"Source: {self.said}."
