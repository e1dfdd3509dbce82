"""A protocol of a transfer: every switch between what the ADVANCE paper says, what its program does, and ours.

A switch is one key. `Switch` says which jobs it reaches and what paper and program say; the value stands in the file.
A protocol has no defaults. An experiment may change any switch: `protocol: {base: corrected, alpha: 0.2}`.

Which rows a switch reaches besides `all` and `named`: `image` and `sound`, those that train on pictures or sounds (of
features, the arrays of these); `unimodal`, those that leave a modality out.
"""

from typing import Annotated, Literal

from pydantic import model_validator

from overheard.study import switch
from overheard.study.checking import Batch, Decay, Epochs, Positive, Range, Rate, Share, Weight
from overheard.study.switch import Switch

_FEATURES, _TRAIN, _PICTURES = ("features",), ("train",), ("pretrain", "train")

Schedule = Literal["constant", "cosine", "steps"]
Selection = Literal["best_f_score", "lowest_loss", "last"]
Statistics = Literal["exact", "running"]


class Protocol(switch.Protocol):
    """One file `config/protocols/NAME.yaml` of a transfer."""

    # data
    split_unit: Annotated[
        Literal["rounded_locations", "floored_locations", "pairs"],
        Switch(("split",), "70/10/20 of the pairs", "floors of 0.7 and 0.1 of a class's locations, test the rest"),
    ]
    split_draw: Annotated[
        Literal["by_name", "by_label"],
        Switch(("split",), "not said", "numpy's old generator, seed = label, names as the folder lists them; no folds"),
    ]
    split_group: Annotated[
        Literal["location", "coordinate"], Switch(("split",), "no coordinate in two splits", "digits of an id")
    ]
    class_order: Annotated[
        Literal["alphabetical", "released"],
        Switch(
            ("split", "prior", "relevance", "train", "evaluate", "atlas", "embedding"),
            "not said",
            "as the authors' folder lists the classes",
        ),
    ]

    # what the networks see and hear
    stft_points: Annotated[Literal[1024, 4096], Switch(_FEATURES, "a window of 1024", "4096, window 1024", "sound")]
    mel_of: Annotated[Literal["power", "magnitude"], Switch(_FEATURES, "not said", "magnitude", "sound")]
    mel_floor_db: Annotated[Positive | None, Switch(_FEATURES, "not said", "80 below a clip's maximum", "sound")]
    resampler: Annotated[
        Literal["soxr_hq", "kaiser_best"], Switch(_FEATURES, "not said", "kaiser_best, librosa's then default", "sound")
    ]
    resize_filter: Annotated[
        Literal["bicubic", "nearest"], Switch(_FEATURES, "not said", "Pillow's default: nearest before 7.0", "image")
    ]
    sound_normaliser: Annotated[
        str | None, Switch(("normaliser",), "zero mean, unit variance", "a file, of an older split", "sound")
    ]
    teacher_normaliser: Annotated[
        Literal["own", "study"], Switch(("teacher",), "as pre-trained (not said)", "ADVANCE's, not AudioSet's")
    ]
    picture_scale: Annotated[
        Literal["training_moments", "zero_to_255"],
        Switch(("pretrain", "train", "evaluate"), "not said", "0 to 255, as they are", "image"),
    ]

    # equations (1) to (9)
    alpha: Annotated[Weight, Switch(_TRAIN, "a grid search; 0.1 here", "0.1", "named")]
    beta: Annotated[Weight, Switch(_TRAIN, "a grid search; 0.001 here", "0.001", "named")]
    divergence: Annotated[
        Literal["kl", "cross_entropy", "as_printed"],
        Switch(_TRAIN, "KL divergence; Table 1 prints its first term without p", "binary cross-entropy", "named"),
    ]
    event_reduction: Annotated[
        Literal["sum", "mean"], Switch(_TRAIN, "sum over events", "mean over 527 events: 527-fold in alpha", "named")
    ]
    temperature: Annotated[Positive, Switch(_TRAIN, "a large temperature is named, no value", "none: 1", "named")]
    squared_target: Annotated[
        Literal["logits", "probabilities"],
        Switch(_TRAIN, "activations before the sigmoid", "a folder that no released program writes", "named"),
    ]
    squared_reduction: Annotated[
        Literal["eighth_of_sum", "sum", "mean"],
        Switch(_TRAIN, "sum over events", "mean over clips and events", "named"),
    ]
    relevance_loss: Annotated[
        Literal["one_minus_cosine", "cosine"], Switch(_TRAIN, "cosine, minimised", "1 - cosine", "named")
    ]

    # p(e|s) and d_k
    prior_clips: Annotated[
        Literal["training_locations", "seventy_percent", "all"],
        Switch(
            ("prior", "relevance", "atlas"),
            "all samples of the scene",
            "70 % of its clips, drawn by clip: test clips too",
        ),
    ]
    relevance_vector: Annotated[
        Literal["gram_eigenvector", "first_component"],
        Switch(("relevance",), "leading eigenvector of PᵀP", "first principal component, centred"),
    ]
    relevance_sign: Annotated[
        Literal["positive_sum", "largest_loading", "largest_score"],
        Switch(("relevance",), "not said", "scikit-learn's: by scores in old versions, by loadings in 1.9.1"),
    ]

    # the optimizer is Adam in both
    learning_rate: Annotated[Rate, Switch(_TRAIN, "1e-5", "1e-5")]
    baseline_learning_rate: Annotated[
        Rate | None, Switch(_TRAIN, "not said", "1e-3 in an earlier version, for L_s alone", "named")
    ]
    weight_decay: Annotated[Decay, Switch(_TRAIN, "1e-4", "1e-4")]
    schedule: Annotated[Schedule, Switch(_TRAIN, "not said", "a tenth after epochs 30, 60, 90")]
    batch_size: Annotated[Batch, Switch(("train", "evaluate"), "not said", "64")]
    batch_norm_group: Annotated[Batch | None, Switch(_TRAIN, "not said", "16: a batch of 64 is spread over 4 GPUs")]
    clip_order: Annotated[
        Literal["each_epoch", "fixed"], Switch(_TRAIN, "not said", "drawn once, the same in each epoch")
    ]
    epochs: Annotated[Epochs, Switch(_TRAIN, "not said", "up to 2,000, no early stop")]
    patience: Annotated[Epochs | None, Switch(_TRAIN, "not said", "none")]
    selection: Annotated[Selection, Switch(_TRAIN, "not said", "best F on validation")]
    bn_statistics: Annotated[Statistics, Switch(_TRAIN, "not said", "running")]
    repeats: Annotated[
        Literal["seeds", "next_epochs"],
        Switch(
            ("train", "tables", "figures"),
            "5 different runs",
            "one run of seed 10: its best epoch and the next five",
        ),
    ]

    # start and structure
    event_head_start: Annotated[
        Literal["teacher", "random"], Switch(_TRAIN, "f_e of the pre-trained N_a", "a new linear layer", "named")
    ]
    missing_modality: Annotated[
        Literal["zero_input", "zero_representation", "no_branch"],
        Switch(_TRAIN, "set the other to zeros", "no branch; zeros stand in comments only", "unimodal"),
    ]

    # augmentation of pictures
    flip: Annotated[Share, Switch(_PICTURES, "flip", "0.5", "image")]
    brightness: Annotated[Range, Switch(_PICTURES, "brightness", "0.7 to 1.3", "image")]
    colour: Annotated[Range, Switch(_PICTURES, "colour", "0.7 to 1.3", "image")]
    augmentation_order: Annotated[
        Literal["brightness_first", "colour_first"],
        Switch(_PICTURES, "colour, then brightness", "brightness, then colour", "image"),
    ]
    augmented_splits: Annotated[
        Literal["train", "all"],
        Switch(("train", "evaluate"), "training (it is not said)", "training, validation and test", "image"),
    ]

    # what ± says
    spread: Annotated[
        Literal["sample", "population"],
        Switch(("tables", "cells", "figures"), "not said", "numpy's std, of the population"),
    ]

    @model_validator(mode="after")
    def _together(self) -> "Protocol":
        if self.relevance_vector == "gram_eigenvector" and self.relevance_sign != "positive_sum":
            raise ValueError(
                f"relevance_sign: found {self.relevance_sign} with relevance_vector gram_eigenvector, whose entries "
                "have one sign; expected positive_sum, or relevance_vector first_component"
            )
        if self.repeats == "next_epochs" and self.selection == "last":
            raise ValueError(
                "repeats: found next_epochs with selection last, after which there are none; expected repeats seeds, "
                "or selection best_f_score"
            )
        if self.batch_norm_group and self.batch_norm_group > self.batch_size:
            raise ValueError(
                f"batch_norm_group: found {self.batch_norm_group}, more than batch_size {self.batch_size}; "
                "give it at most as many clips, or null"
            )
        return self


SWITCHES = switch.switches(Protocol)
NAMED = tuple(name for name, switch in SWITCHES.items() if switch.rows == "named")
"""Switches that reach the rows whose `uses` in the study file name them."""
