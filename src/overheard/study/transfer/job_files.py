"""What the jobs of a transfer read, of stages that not all designs share: paths under `results/NAME/`. Pure."""

from collections.abc import Collection
from typing import cast

from overheard.study import figure_files, jobs
from overheard.study.flow import PARTS, STAGES
from overheard.study.jobs import of_folds, under_results
from overheard.study.layout import fold_of, results
from overheard.study.loaded import Files, Loaded, Values
from overheard.study.plan import folds_made, seeds_made
from overheard.study.transfer import job_settings, row_files
from overheard.study.transfer.experiment import Experiment
from overheard.study.transfer.given_weights import given_weights
from overheard.study.transfer.protocol import Protocol

INDEX = {"index": "media/index.csv"}


def its(loaded: Loaded) -> tuple[Experiment, Protocol]:
    """Experiment and protocol of a transfer, as what they are."""
    return cast(Experiment, loaded.experiment), cast(Protocol, loaded.protocol)


def collection_of(part: str) -> str:
    """The collection whose folder below `media/` this is."""
    return next(collection for collection, folder in PARTS.items() if folder == part)


def media_folder(loaded: Loaded, collection: str) -> str:
    """The folder of a collection's media: drawn under results, or the user's own."""
    if loaded.experiment.source.drawn:
        return f"{results(loaded.name)}/draw/{collection}"
    return str(getattr(loaded.experiment.source, collection))


def reads(loaded: Loaded, stage: str, values: Values, absent: Collection[str]) -> Files:
    """The files that a job reads, by flag."""
    experiment, _ = its(loaded)
    study = loaded.study
    match stage:
        case "media":
            return {"folder": media_folder(loaded, collection_of(values["part"]))}
        case "features":
            index = under_results(loaded, {"index": f"media/{values['part']}index.csv"})
            return {"folder": media_folder(loaded, collection_of(values["part"]))} | index
        case "split":
            return under_results(loaded, INDEX) | _listing(loaded, stage)
        case "samples":
            return under_results(loaded, INDEX | _features(experiment, "image") | _features(experiment, "sound"))
        case "normaliser":
            arrays = _features(experiment, "image") | _features(experiment, "sound")
            return under_results(loaded, arrays | _of_fold("split", values["fold"])) | given_normaliser(loaded)
        case "pretrain":
            return _pretrain(loaded, values["encoder"])
        case "frozen":
            array, ids = _features(experiment, values["encoder"]).values()
            return under_results(loaded, {"clips": array, "ids": ids, "weights": f"pretrain/{values['encoder']}.pt"})
        case "train":
            files = row_files.train_inputs(
                experiment, study.methods[values["method"]], values["modality"], values["seed"]
            )
            return under_results(loaded, files)
        case "evaluate":
            return _evaluate(loaded, values, absent)
        case "maps":
            pictures = row_files.row_pictures(experiment, study.methods[values["method"]], values["modality"])
            folder = {"folder": media_folder(loaded, "pairs")}
            return _evaluate(loaded, values, absent) | under_results(loaded, pictures) | folder
        case "baselines":
            return under_results(loaded, row_files.baseline_inputs(experiment, study, values["method"], values["seed"]))
        case "atlas" | "embedding":
            return _figures(loaded, stage, values, absent)
        case "teacher" | "shuffle" | "prior" | "relevance":
            return _teacher(loaded, stage, values)
    return {}


def _features(experiment: Experiment, modality: str, part: str = "") -> dict[str, str]:
    """The array that a modality's network reads, and its ids, by flag."""
    name = job_settings.array(experiment, modality)
    return {
        f"{modality}s": f"features/{part}{name}.npy",
        f"{modality}_ids": f"features/{part}{name.split('.')[0]}.ids.csv",
    }


def _of_fold(stage: str, fold: int) -> dict[str, str]:
    return {flag: path.format(fold=fold) for flag, path in STAGES[stage].writes.items()}


def _listing(loaded: Loaded, stage: str) -> Files:
    found = job_settings.listing(*its(loaded), stage)
    return {flag: loaded.of_project(path) for flag, path in found.items()}


def given_normaliser(loaded: Loaded) -> Files:
    """The file of mean and deviation of sounds that a protocol may name."""
    found = job_settings.given_normaliser(*its(loaded))
    return {flag: loaded.of_project(path) for flag, path in found.items()}


def _pretrain(loaded: Loaded, encoder: str) -> Files:
    """A collection's features and index; where the weights are given, they alone."""
    experiment, _ = its(loaded)
    if encoder in (given := given_weights(experiment)):
        return {"given": given[encoder]}
    part = PARTS["scenes" if encoder == "image" else "sounds"]
    array, ids = _features(experiment, encoder, part).values()
    return under_results(loaded, {"features": array, "ids": ids, "index": f"media/{part}index.csv"})


def _evaluate(loaded: Loaded, values: Values, absent: Collection[str]) -> Files:
    """The students of a row, the arrays they are run on, and of each student its fold's split and normaliser."""
    experiment, _ = its(loaded)
    method, modality = values["method"], values["modality"]
    seeds = seeds_made(loaded, method, modality, absent)
    student = STAGES["train"].writes["student"]
    folds = [row_files.row_of_fold(experiment, modality, seed) for seed in seeds]
    return under_results(
        loaded,
        {
            "students": [student.format(method=method, modality=modality, seed=seed) for seed in seeds],
            **row_files.row_arrays(experiment, loaded.study.methods[method], modality),
            **{flag: [files[flag] for files in folds] for flag in folds[0]},
        },
    )


def _figures(loaded: Loaded, stage: str, values: Values, absent: Collection[str]) -> Files:
    """What the teacher hears, and the split and prior: of each fold and with its rows' tests, or of the first alone."""
    folds = folds_made(loaded, absent)
    heard = row_files.TEACHER_FILES | INDEX
    if stage == "atlas":
        of_first = [_of_fold(word, folds[0]) for word in ("split", "prior", "relevance")]
        return under_results(loaded, {flag: path for files in (heard, *of_first) for flag, path in files.items()})
    rows = figure_files.rows_of(loaded.study, values["figure"])
    trained = [row for row in rows if loaded.study.tested_by(row[0]) == "evaluate"]
    of_all = of_folds(loaded, "split", folds) | of_folds(loaded, "prior", folds)
    tests = jobs.of_runs(loaded, trained, ("scores", "predictions", "events"), absent)
    return under_results(loaded, {**heard, **of_all}) | tests


def _teacher(loaded: Loaded, stage: str, values: Values) -> Files:
    """What the teacher hears is made from, and what prior and relevance are made from."""
    experiment, _ = its(loaded)
    if stage == "teacher":
        array, ids = _features(experiment, "sound").values()
        truth = {"truth": "draw/pairs/truth/events.csv"} if experiment.source.drawn else {}
        return under_results(loaded, {"sounds": array, "ids": ids, "weights": "pretrain/sound.pt"} | truth)
    split = _of_fold("split", values["fold"])
    if stage == "shuffle":
        return under_results(loaded, {"logit_ids": row_files.TEACHER_FILES["logit_ids"]} | INDEX | split)
    told = row_files.teacher_files(experiment, values["fold"])
    heard = {flag: told[flag] for flag in ("logits", "logit_ids")}
    return under_results(loaded, heard | INDEX | split) | _listing(loaded, stage)


def implied(loaded: Loaded, stage: str, values: Values) -> set[str]:
    """Of what a training reads, that which the jobs of its fold's normaliser, prior and relevance have read too.

    Such a job's record has the content of what it read, so it changes with them.
    """
    if stage != "train":
        return set()
    fold = fold_of(values["seed"], loaded.experiment.split.folds)
    files = row_files.train_inputs(
        its(loaded)[0], loaded.study.methods[values["method"]], values["modality"], values["seed"]
    )
    read = [("prior", "prior"), ("relevance", "relevance")]
    read += [(flag, "normaliser") for flag in STAGES["normaliser"].writes]
    found = [reads(loaded, maker, {"fold": fold}, ()).values() for flag, maker in read if flag in files]
    return {path for paths in found for path in paths if isinstance(path, str)}
