"""Where the clips of a fusion study come from."""

from typing import ClassVar, Literal

from pydantic import Field

from overheard.scores.origin import Origin
from overheard.study.checking import Seed
from overheard.study.source import Source


class Stills(Source):
    """A folder of pairs in the ADVANCE layout: each picture is a video of one frame, each sound its ten seconds."""

    drawn: ClassVar = False
    kind: Literal["stills"]
    pairs: str = Field(description="folder with vision/<class>/<id>.jpg and sound/<class>/<id>.wav")
    classes: list[str] | None = Field(None, description="classes to use; all found where it is null")
    channels: Literal["mean"] | None = Field(None, description="`mean` averages sounds of more than two channels")
    seed: Seed = Field(0, description="seed of the ten-second windows cut from longer sounds")

    def origin(self, data: str) -> Origin:
        """What it is called, in a study of `data`."""
        return Origin(
            self.kind,
            f"a user's folder of still pictures and sounds: neither {data} nor moving pictures, not its numbers",
            f"STILL PICTURES – not {data}",
            f"still pictures, not {data}",
        )
