"""A protocol of a fusion: every switch between what the TAU paper says, what its program does, and ours.

A switch is one key. `Switch` says which jobs it reaches and what paper and program say; the value stands in the file.
`proposed` reaches the rows whose head reads two trained networks; `joined` those that join what two networks say.
"""

from typing import Annotated, Literal

from overheard.study import switch
from overheard.study.checking import Batch, Count, Decay, Epochs, Positive, Rate
from overheard.study.switch import Switch

_TRAIN = ("train",)


class Protocol(switch.Protocol):
    """One file `config/protocols/NAME.yaml` of a fusion."""

    # from clips to windows and embeddings
    hop_s: Annotated[Positive, Switch(("features",), "0.1", "0.1")]
    window_centre: Annotated[
        bool, Switch(("features",), "windows of one second (not said)", "half a second of zeros in front: 96 windows")
    ]
    most_windows: Annotated[Count | None, Switch(("features",), "not said", "all: 97 of a clip over 480,000 samples")]
    frame_rule: Annotated[
        Literal["window_centre", "linspace"],
        Switch(("features",), "the frame at the window's centre", "evenly from the first to the last frame"),
    ]
    image_range: Annotated[
        Literal["unsaid", "released"], Switch(("features",), "not said", "depends on the frames' size (openl3 0.3.1)")
    ]
    z_score: Annotated[
        Literal["per_dimension", "one_number"],
        Switch(("normaliser",), "z-score, its kind not said", "one mean and deviation of all values (inferred)"),
    ]

    validation: Annotated[
        Literal["by_location", "released_locations"],
        Switch(("split",), "not said", "locations until nine tenths of a scene's clips train; seed 30"),
    ]

    # networks
    hidden: Annotated[
        Literal["plain", "bn_relu_dropout"],
        Switch(("train", "evaluate"), "feed-forward", "batch norm, ReLU, dropout 0.2 after each hidden layer"),
    ]
    fusion_input: Annotated[
        Literal["hidden_64", "second_linear_128"],
        Switch(
            ("train", "evaluate"), "the second-last layer", "the second linear layer, before batch norm", "proposed"
        ),
    ]
    fusion_head: Annotated[
        Literal["relu", "linear"],
        Switch(("train", "evaluate"), "two feed-forward layers", "two linear layers, nothing between", "proposed"),
    ]
    fusion_trains: Annotated[
        Literal["head", "all"], Switch(("train", "evaluate"), "not said", "the head alone", "proposed")
    ]

    # the optimizer is Adam in both, with L2 inside
    learning_rate: Annotated[Rate, Switch(_TRAIN, "1e-4", "1e-4")]
    weight_decay: Annotated[Decay, Switch(_TRAIN, "1e-4", "1e-4")]
    batch_size: Annotated[Batch, Switch(_TRAIN, "64", "64")]
    epochs: Annotated[Epochs, Switch(_TRAIN, "200", "199")]
    head_epochs: Annotated[Epochs, Switch(_TRAIN, "200", "99", "proposed")]
    train_windows: Annotated[
        Literal["all", "per_clip"], Switch(_TRAIN, "all (implied)", "all, overlapping by nine tenths")
    ]
    validate_every: Annotated[Count | None, Switch(_TRAIN, "not said", "once a pass: 11,864 steps")]
    validation_batches: Annotated[
        Literal["all", "drop_last"], Switch(_TRAIN, "lowest validation loss", "of shuffled full batches alone")
    ]
    selection: Annotated[Literal["lowest_loss", "last"], Switch(_TRAIN, "lowest validation loss", "the same")]

    # from windows to clips and pieces
    clip_decision: Annotated[
        Literal["probability", "log_probability"],
        Switch(("evaluate",), "sum of probabilities", "sum of log-probabilities"),
    ]
    late_rule: Annotated[
        Literal["mean_probability", "product", "mean_logit"], Switch(("evaluate",), "not said", "none", "joined")
    ]

    # what ± says
    spread: Annotated[
        Literal["sample", "population"], Switch(("tables", "cells", "figures"), "no ±", "one run of seed 0")
    ]


SWITCHES = switch.switches(Protocol)
