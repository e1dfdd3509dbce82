"""What the default study's jobs are given under protocol `corrected`, for tests of what reads it."""

from functools import cache
from pathlib import Path
from typing import Any

from overheard.jobs.code import closure
from overheard.study import config
from overheard.study.checking import check
from overheard.study.transfer import job_settings
from overheard.study.transfer.experiment import Experiment

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENT = check(Experiment, {"source": {"kind": "twin"}}, "x")
PROTOCOL = config.load_protocol(ROOT, EXPERIMENT)
STUDY = config.load_study(ROOT, EXPERIMENT.study)


OTHER = {
    **{"alpha": 0.5, "beta": 0.5, "divergence": "as_printed", "event_reduction": "mean", "temperature": 2.0},
    **{"squared_target": "probabilities", "squared_reduction": "mean", "relevance_loss": "cosine"},
    **{"prior_clips": "all", "relevance_vector": "first_component", "relevance_sign": "largest_score"},
    **{"learning_rate": 5e-3, "baseline_learning_rate": 5e-3, "weight_decay": 0.5, "schedule": "cosine"},
    **{"batch_size": 4, "batch_norm_group": 4, "clip_order": "fixed", "epochs": 7, "patience": 1},
    **{"selection": "last", "bn_statistics": "running", "event_head_start": "random"},
    **{"missing_modality": "no_branch", "flip": 0.1, "brightness": [0.9, 1.0], "colour": [0.9, 1.0]},
    **{"augmentation_order": "colour_first", "augmented_splits": "all", "spread": "population"},
    **{"split_unit": "floored_locations", "split_draw": "by_label", "split_group": "coordinate"},
    **{"class_order": "released", "stft_points": 4096, "mel_of": "magnitude", "mel_floor_db": 80.0},
    **{"resampler": "kaiser_best", "resize_filter": "nearest", "teacher_normaliser": "study"},
    **{
        "repeats": "next_epochs",
        "sound_normaliser": "config/published/advance_audio_normaliser.csv",
        "picture_scale": "zero_to_255",
    },
}
"""Of every switch another value than `corrected` has."""


@cache
def train_settings(method: str, modality: str = "image+sound") -> dict[str, Any]:
    """The settings of a row's trainings."""
    return job_settings.train_settings(EXPERIMENT, PROTOCOL, STUDY.methods[method], modality)


def entries(method: str) -> closure.Entries:
    """Which entries of dicts count for a row's trainings."""
    return closure.entries({"method": method, "settings": train_settings(method)})


def chosen(method: str, n_events: int = 527, **changed: Any) -> dict[str, Any]:
    """What the protocol, with changes, decides of a method's losses."""
    from overheard.learning import methods

    return methods.chosen(row(method), train_settings(method) | changed, n_events)


def row(method: str) -> Any:
    """A method of the study with its settings."""
    from overheard.learning import methods

    return methods.find(method, "image+sound", settings=STUDY.methods[method].settings)


def features(front_end: str) -> dict[str, Any]:
    """The switches that reach a front end's arrays, of a folder with pictures and sounds of any size."""
    source = {"kind": "directory", "pairs": "p", "scenes": "s", "sounds": "t"}
    return job_settings.features_settings(check(Experiment, {"source": source}, "x"), PROTOCOL, front_end)


def switched(stage: str) -> dict[str, Any]:
    """The switches that reach a stage whose jobs are of no row."""
    return job_settings.switched(EXPERIMENT, PROTOCOL, stage)
