"""Where the clips of a fusion study come from; a user's folder stands under the key of its `collection`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from overheard.scores.origin import Origin
from overheard.study.checking import Count, Positive, Share
from overheard.study.source import Channels, Classes, Source, WindowSeed, World


class Stills(Source):
    """A folder of pairs in the ADVANCE layout: each picture is a video of one frame, each sound its ten seconds."""

    drawn: ClassVar = False
    collection: ClassVar = "pairs"
    kind: Literal["stills"]
    pairs: str = Field(description="folder with vision/<class>/<id>.jpg and sound/<class>/<id>.wav")
    classes: Classes = None
    channels: Channels = None
    seed: WindowSeed = 0

    def origin(self, data: str) -> Origin:
        """What it is called, in a study of `data`."""
        return Origin(
            self.kind,
            f"a user's folder of still pictures and sounds: neither {data} nor moving pictures, not its numbers",
            f"STILL PICTURES – not {data}",
            f"still pictures, not {data}",
        )


class Videos(Source):
    """A folder of videos with sound in the layout of TAU Urban Audio-Visual Scenes; its fold files are obeyed."""

    drawn: ClassVar = False
    collection: ClassVar = "clips"
    kind: Literal["videos"]
    clips: str = Field(
        description="folder with video/<clip>.mp4, or video/<scene>/<clip>.mp4, and audio/<clip>.wav where the videos "
        "have no sound track; meta.csv and evaluation_setup/ are obeyed"
    )
    classes: list[str] | None = Field(None, description="scenes to use; all found where it is null")
    channels: Channels = None
    fewer_frames: bool = Field(False, description="whether videos may have fewer frames than their headers promise")

    def origin(self, data: str) -> Origin:
        """What it is called, in a study of `data`."""
        return Origin(
            self.kind,
            f"a user's folder of videos: other clips than {data}, not its numbers",
            f"OTHER VIDEOS – not {data}",
            f"other videos than {data}",
        )


class UrbanTwin(Source):
    """The built-in simulated twin of TAU Urban Audio-Visual Scenes; see docs/urban_twin.md."""

    drawn: ClassVar = True
    collection: ClassVar = "clips"
    kind: Literal["urban_twin"]
    world: World = 0
    scale: Annotated[Positive, Field(le=1)] = Field(
        0.35, description="share of the record's 431 locations; at least 10 a scene"
    )
    coupling: Share = Field(
        0.5, description="how strongly what is seen and heard of a piece go together: 0 none, 0.5, 0.9 high"
    )
    pieces: Count = Field(2, description="at most so many clips of a location; the record has 20 to 40")
    places: Count = Field(340, description="unlabelled places on which the small networks are pre-trained")

    def origin(self, data: str) -> Origin:
        """What it is called, in a study of `data`."""
        return Origin(
            self.kind,
            f"SIMULATED TWIN: generated videos and sounds, not {data}'s numbers",
            f"SIMULATED TWIN – not {data}",
            "simulated twin",
        )
