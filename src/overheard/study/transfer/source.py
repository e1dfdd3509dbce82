"""Where an experiment's pairs come from: what a user says of it, and what it is called wherever its numbers stand."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from overheard.scores.origin import Origin
from overheard.study.checking import Band, Count, Positive, Share, Value
from overheard.study.source import Channels, Classes, Source, WindowSeed, World


class Twin(Source):
    """The built-in simulated twin of ADVANCE; see docs/twin.md."""

    drawn: ClassVar = True
    kind: Literal["twin"]
    world: World = 0
    scale: Annotated[Positive, Field(le=1)] = Field(
        0.1, description="share of ADVANCE's 2,696 locations; at least 10 a class"
    )
    coupling: Share = Field(
        0.5, description="how strongly picture and sound share what a place is like: 0 none, 0.5, 0.9 high"
    )
    clips: Count | None = Field(None, description="at most so many clips of a location; null as ADVANCE, 1 to 9")
    events: Literal["released", "telling"] = Field(
        "released",
        description="whether events differ between scenes as in the released prior, or decide the scene",
    )
    scenes: Count = Field(200, description="pictures per class of the 30-class set the image network is pre-trained on")
    sounds: Count = Field(2600, description="tagged sounds the sound network is pre-trained on")

    def origin(self, data: str) -> Origin:
        """What it is called, in a study of `data`."""
        return Origin(
            self.kind,
            f"SIMULATED TWIN: generated pictures and sounds, not {data}'s numbers",
            f"SIMULATED TWIN – not {data}",
            "simulated twin",
            "The coordinates are simulated: points spread evenly over land, which mean nothing else.",
        )


class Directory(Source):
    """A folder of pairs in the ADVANCE layout, and what the networks are pre-trained on."""

    drawn: ClassVar = False
    kind: Literal["directory"]
    pairs: str = Field(description="folder with vision/<class>/<id>.jpg and sound/<class>/<id>.wav")
    scenes: str | None = Field(None, description="folder <class>/<picture>: the image network is pre-trained on it")
    tagger: str | None = Field(
        None, description="weights of the tagger mn04 (mn04_as_mAP_432.pt): sound network and teacher"
    )
    sounds: str | None = Field(None, description="folder with sound/<id>.wav and tags.csv: instead of a tagger")
    classes: Classes = None
    bands: Annotated[list[Band], Field(min_length=3, max_length=3)] | None = Field(
        None, description="which bands of a picture are red, green, blue, where it has more than four (from 0)"
    )
    range: Annotated[list[Value], Field(min_length=2, max_length=2)] | None = Field(
        None,
        description="which values become black and white in pictures of more than eight bits, e.g. [0, 3000]; null: "
        "the whole range of 16 bits",
    )
    channels: Channels = None
    seed: WindowSeed = 0
    listing: str | None = Field(
        None,
        description="ids (column id) in the order in which the released program listed the folder, for protocols that "
        "draw by it; of ADVANCE: config/published/advance_listing.csv; null: sorted names",
    )

    def origin(self, data: str) -> Origin:
        """What it is called, in a study of `data`."""
        return Origin(
            self.kind,
            f"a user's folder of pictures and sounds: other pairs than {data}, not its numbers",
            f"OTHER PAIRS – not {data}",
            f"other pairs than {data}",
        )

    @model_validator(mode="after")
    def _black_and_white(self) -> "Directory":
        if self.range and not self.range[0] < self.range[1]:
            raise ValueError(f"range: found {self.range}; expected black, then white, which is more, e.g. [0, 3000]")
        return self

    @model_validator(mode="after")
    def _one_teacher(self) -> "Directory":
        if self.tagger and self.sounds:
            raise ValueError("give tagger or sounds, not both: either is what the teacher comes from")
        return self
