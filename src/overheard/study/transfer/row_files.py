"""Which files the runs of a row read, by flag, as paths under `results/NAME/`. Pure."""

from overheard.study.flow import STAGES
from overheard.study.layout import fold_of
from overheard.study.study_file import Method, Study
from overheard.study.transfer import job_settings
from overheard.study.transfer.experiment import Experiment

TEACHER_FILES = {
    "logits": "teacher/logits.npy",
    "logit_ids": "teacher/logits.ids.csv",
    "teacher_events": "teacher/events.csv",
}
"""What the teacher hears, by flag."""


def teacher_files(experiment: Experiment, fold: int) -> dict[str, str]:
    """What students of a fold are told of the teacher: in a control under the names of other clips."""
    shuffled = STAGES["shuffle"].writes["shuffled_ids"].format(fold=fold)
    return TEACHER_FILES | ({"logit_ids": shuffled} if experiment.control.teacher != "heard" else {})


def row_arrays(experiment: Experiment, method: Method, modality: str) -> dict[str, str]:
    """The files of clips that all runs of a row read, whatever their fold: flag to path under `results/NAME/`."""
    stems = {name: job_settings.array(experiment, name) for name in modality.split("+")}
    files = {f"{name}s": f"features/{stem}.npy" for name, stem in stems.items()}
    files |= {f"{name}_ids": f"features/{stem.split('.')[0]}.ids.csv" for name, stem in stems.items()}
    for name in stems:
        if job_settings.frozen_blocks(experiment, method, modality, name):
            files |= {f"{name}s": f"frozen/{name}.npy", f"{name}_ids": f"frozen/{name}.ids.csv"}
    return files | {"index": "media/index.csv"}


def row_pictures(experiment: Experiment, method: Method, modality: str) -> dict[str, str]:
    """The pictures of the clips, where a row itself reads stored outputs of frozen blocks: flag to path."""
    if not job_settings.frozen_blocks(experiment, method, modality, "image"):
        return {}
    stem = job_settings.array(experiment, "image")
    return {"pictures": f"features/{stem}.npy", "picture_ids": f"features/{stem.split('.')[0]}.ids.csv"}


def row_of_fold(experiment: Experiment, modality: str, seed: int) -> dict[str, str]:
    """The split of a run's fold, and the normaliser of each modality that it has: flag to path."""
    normalisers = of_fold(experiment, seed, "normaliser")
    own = {flag: normalisers[flag] for name in modality.split("+") if (flag := f"{name}_normaliser") in normalisers}
    return of_fold(experiment, seed, "split") | own


def of_fold(experiment: Experiment, seed: int, *stages: str) -> dict[str, str]:
    """The files of these stages that a run of a seed reads, those of its fold: flag to path under `results/NAME/`."""
    fold = fold_of(seed, experiment.split.folds)
    return {flag: path.format(fold=fold) for stage in stages for flag, path in STAGES[stage].writes.items()}


def train_inputs(experiment: Experiment, method: Method, modality: str, seed: int) -> dict[str, str]:
    """All that a run reads: flag to path under `results/NAME/`."""
    files = {"index": "media/index.csv"} | of_fold(experiment, seed, "split")
    if not method.untrained:
        files = row_arrays(experiment, method, modality) | row_of_fold(experiment, modality, seed)
    if "encoders" in method.reads:
        files |= {f"{name}_encoder": f"pretrain/{name}.pt" for name in job_settings.encoders(experiment)}
    if "logits" in method.reads:
        files |= teacher_files(experiment, fold_of(seed, experiment.split.folds))
    return files | of_fold(experiment, seed, *(name for name in ("prior", "relevance") if name in method.reads))


def baseline_inputs(experiment: Experiment, study: Study, name: str, seed: int) -> dict[str, str | list[str]]:
    """All that a run of a baseline reads: flag to paths under `results/NAME/`; of pictures the pooled ones."""
    method = study.methods[name]
    files: dict[str, str | list[str]] = {"index": "media/index.csv", **of_fold(experiment, seed, "split")}
    if "prior" in method.reads:
        files |= of_fold(experiment, seed, "prior")
    if runs := study.read_by(name):
        its = [(STAGES[study.tested_by(row)].writes["predictions"], row, column) for row, column in runs]
        files["runs"] = [path.format(method=row, modality=column, seed=seed) for path, row, column in its]
    stems = {"images": "images.pooled", "sounds": job_settings.array(experiment, "sound")}
    for flag in (flag for flag in stems if flag in method.reads):
        stem = stems[flag]
        files |= {flag: f"features/{stem}.npy", f"{flag[:-1]}_ids": f"features/{stem.split('.')[0]}.ids.csv"}
    if "logits" in method.reads:
        files |= TEACHER_FILES
    return files
