"""The design of the TAU paper: frozen networks embed windows of sound and frames; what is compared is how to join both.

What each function is for: `study.loaded.Design`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from overheard.study import switch
from overheard.study.experiment import Experiment as AnyExperiment
from overheard.study.flow import STAGES
from overheard.study.fusion import rows
from overheard.study.fusion import template as own_template
from overheard.study.fusion.experiment import SMALL, SMALL_ENCODER, Embedding, Experiment
from overheard.study.fusion.protocol import SWITCHES as OWN_SWITCHES
from overheard.study.fusion.protocol import Protocol
from overheard.study.installed_weights import given_or_installed
from overheard.study.jobs import of_folds, under_results
from overheard.study.layout import fold_of, results
from overheard.study.loaded import Files, Given, Loaded, Row, Values
from overheard.study.plan import seeds_made
from overheard.study.study_file import Study

EXPERIMENT: type[AnyExperiment] = Experiment
PROTOCOL: type[switch.Protocol] = Protocol
SWITCHES: Mapping[str, switch.Switch] = OWN_SWITCHES
CONFIGURATIONS: Mapping[str, Callable[[Loaded, Sequence[Row]], dict[str, Any]]] = {}

LAYOUTS: Mapping[str, Sequence[str]] = own_template.LAYOUTS
VARIES: str | None = "first weights, order of windows, dropout"
_OWN = ("draw", "features", "normaliser", "pretrain", "shuffle", "train", "evaluate")
"""Stages that this design has of its own, in `stages/fusion/`."""
_USED = {"media", "split", *_OWN, "statistics", "tables", "cells", "counts", "claims", "reliability", "figures"}
_FILES = {
    "features": ("array", "windows"),
    "normaliser": ("audio_normaliser", "video_normaliser"),
    "shuffle": ("shuffled_windows",),
    "evaluate": ("predictions", "scores", "pieces", "piece_scores"),
}
"""Of stages whose files designs have some of, those of this one."""


def _its(loaded: Loaded) -> tuple[Experiment, Protocol]:
    return cast(Experiment, loaded.experiment), cast(Protocol, loaded.protocol)


def _embedding(experiment: Experiment, modality: str) -> Embedding:
    return experiment.embeddings.audio if modality == "audio" else experiment.embeddings.video


def _weights(its: Embedding) -> str:
    return given_or_installed(its.weights, "embeddings.video", "embeddings.video.weights")


def template(name: str, study: str, given: Given) -> tuple[str, list[str]]:
    return own_template.template(name, study, given)


def problems(study: Study) -> list[str]:
    return rows.problems(study)


def settled(experiment: AnyExperiment, protocol: switch.Protocol) -> AnyExperiment:
    return experiment


def places(experiment: AnyExperiment) -> dict[str, tuple[str, str]]:
    its = cast(Experiment, experiment)
    given = [name for name in rows.MODALITIES if not _embedding(its, name).pretrained]
    found = {f"embeddings.{name}.weights": ("file", _weights(_embedding(its, name))) for name in given}
    key = its.source.collection
    own = {} if its.source.drawn else {f"source.{key}": ("folder", str(getattr(its.source, key)))}
    return own | found


def _folder(loaded: Loaded, collection: str) -> str:
    """Of media: drawn under results, or the user's own."""
    source = loaded.experiment.source
    return f"{results(loaded.name)}/draw/{collection}" if source.drawn else str(getattr(source, collection))


def outside(loaded: Loaded) -> set[str]:
    return {path for _, path in places(loaded.experiment).values()}


def published(loaded: Loaded) -> set[str]:
    return set()


def left_out(loaded: Loaded) -> dict[Row, str]:
    return {}


def unneeded(loaded: Loaded) -> set[str]:
    return set(STAGES) - _USED | (set() if _exchanges(loaded) else {"shuffle"})


def _exchanges(loaded: Loaded) -> bool:
    return _its(loaded)[0].control.pairs != "own"


def _pretrained(experiment: Experiment) -> bool:
    """Whether the small networks are needed, both of which are pre-trained together."""
    return any(_embedding(experiment, name).pretrained for name in rows.MODALITIES)


def own_jobs(loaded: Loaded, stage: str) -> list[tuple[Any, ...]] | None:
    """Of collections, media, front ends and networks."""
    experiment, _ = _its(loaded)
    match stage:
        case "draw":
            places = [("places",)] if _pretrained(experiment) else []
            return [(experiment.source.collection,), *places] if experiment.source.drawn else []
        case "media":
            return [("",)]
        case "features":
            return [("", _embedding(experiment, name).front_end) for name in rows.MODALITIES]
        case "pretrain":
            return [(SMALL_ENCODER,)] if _pretrained(experiment) else []
    return None


def without(loaded: Loaded, stage: str, values: Values) -> set[str]:
    return set(STAGES[stage].writes) - set(_FILES.get(stage, STAGES[stage].writes))


def _windows(experiment: Experiment, modality: str) -> dict[str, str]:
    """Embeddings of a modality and which windows they are of: paths under `results/NAME/`, by flag."""
    stem = f"features/{_embedding(experiment, modality).front_end}"
    return {modality: f"{stem}.npy", f"{modality}_windows": f"{stem}.windows.csv"}


def reads(loaded: Loaded, stage: str, values: Values, absent: Collection[str]) -> Files:
    """See `Design`."""
    experiment, _ = _its(loaded)
    index, both = {"index": "media/index.csv"}, _windows(experiment, "audio") | _windows(experiment, "video")
    match stage:
        case "media":
            return {"folder": _folder(loaded, experiment.source.collection)}
        case "split":
            return under_results(loaded, index)
        case "pretrain":
            return {"places": _folder(loaded, "places")}
        case "features":
            modality = next(name for name in rows.MODALITIES if _is_of(experiment, name, values["front_end"]))
            its = _embedding(experiment, modality)
            made = {"weights": STAGES["pretrain"].writes["weights"].format(encoder=SMALL_ENCODER)}
            weights: Files = under_results(loaded, made) if its.pretrained else {"weights": _weights(its)}
            folder: Files = {"folder": _folder(loaded, experiment.source.collection)}
            return folder | under_results(loaded, index) | weights
        case "normaliser":
            split = STAGES["split"].writes["splits"].format(fold=values["fold"])
            return under_results(loaded, both | {"splits": split})
        case "shuffle":
            split = STAGES["split"].writes["splits"].format(fold=values["fold"])
            windows = {"video_windows": _windows(experiment, "video")["video_windows"]}
            return under_results(loaded, index | windows | {"splits": split})
        case "train" | "evaluate":
            return _of_row(loaded, stage, values, absent)
    return {}


def _is_of(experiment: Experiment, modality: str, front_end: str) -> bool:
    return _embedding(experiment, modality).front_end == front_end


def _of_row(loaded: Loaded, stage: str, values: Values, absent: Collection[str]) -> Files:
    """What a row's training or test reads: embeddings, z-scores and splits of its folds, and students."""
    method, modality = values["method"], values["modality"]
    row, (experiment, _) = loaded.study.methods[method], _its(loaded)
    seeds = [values["seed"]] if stage == "train" else seeds_made(loaded, method, modality, absent)
    folds = [fold_of(seed, experiment.split.folds) for seed in seeds]
    student = STAGES["train"].writes["student"]
    files: dict[str, str | list[str]] = {"index": "media/index.csv"}
    for name in row.reads:
        files |= _windows(experiment, name)
    if _exchanges(loaded) and "video" in row.reads:
        files["video_windows"] = STAGES["shuffle"].writes["shuffled_windows"].format(fold=0)
    of_fold: Files = {**of_folds(loaded, "split", folds)}
    z_scores = of_folds(loaded, "normaliser", folds)
    of_fold |= {f"{name}_normaliser": z_scores[f"{name}_normaliser"] for name in row.reads}
    starts: Files = {
        f"{word}_student{'' if stage == 'train' else 's'}": [
            student.format(method=its, modality=column, seed=seed) for seed in seeds
        ]
        for word, (its, column) in zip(rows.MODALITIES, loaded.study.read_by(method), strict=False)
    }
    if stage == "train":
        return under_results(loaded, files | {flag: paths[0] for flag, paths in (of_fold | starts).items()})
    own: Files = {"students": [student.format(method=method, modality=modality, seed=seed) for seed in seeds]}
    return under_results(loaded, files | of_fold | (starts if row.joined else own))


def implied(loaded: Loaded, stage: str, values: Values) -> set[str]:
    return set()


def settings(loaded: Loaded, stage: str, values: Values) -> dict[str, Any]:
    """See `Design`; `design` by which the command finds a stage of this design's own."""
    experiment, protocol = _its(loaded)
    own = {"design": loaded.study.design} if stage in _OWN else {}
    match stage:
        case "draw":
            sizes = {"places"} if values["collection"] == "places" else {"scale", "pieces"}
            media = experiment.source.model_dump(include={"world", "coupling", *sizes})
            return own | {"collection": values["collection"], "settings": media}
        case "media":
            keys = {"seed", "classes", "channels", "fewer_frames"}
            media = experiment.source.model_dump(include=keys, exclude_none=True)
            return {"collection": experiment.source.collection, "settings": media}
        case "split":
            # where the data have folds of their own
            folds = rows.switched(protocol, stage) if experiment.source.collection == "clips" else {}
            return {"fold": values["fold"], "settings": experiment.split.model_dump() | folds}
        case "shuffle":
            return own | {"fold": values["fold"]} | experiment.control.model_dump()
        case "pretrain":
            how = experiment.pretrain.model_dump()
            return own | dict(values) | {"seed": how.pop("seed"), "settings": how}
        case "features":
            switches = rows.switched(protocol, stage)
            if values["front_end"] != "openl3_image":
                switches.pop("image_range")
            return own | {"front_end": values["front_end"], "settings": switches}
        case "normaliser":
            return own | switched(loaded, stage)
        case "train":
            row = loaded.study.methods[values["method"]]
            return own | dict(values) | {"settings": rows.train_settings(experiment, protocol, row)}
        case "evaluate":
            row = loaded.study.methods[values["method"]]
            return own | dict(values) | {"settings": rows.evaluate_settings(experiment, protocol, row)}
    return {}


def switched(loaded: Loaded, stage: str) -> dict[str, Any]:
    return rows.switched(_its(loaded)[1], stage)


def remarks(loaded: Loaded) -> list[str]:
    """The front ends, and what the experiment sets of its own."""
    experiment, _ = _its(loaded)
    names = {"openl3_audio": "OpenL3", "openl3_image": "OpenL3", "mn04": "the tagger mn04 in OpenL3's place"}
    names |= {"efficientnet_lite0": "EfficientNet-Lite0 in OpenL3's place"}
    names |= dict.fromkeys(SMALL, "a small network in OpenL3's place, pre-trained by correspondence on other places")
    lines = [f"Embeddings of {name}: {names[_embedding(experiment, name).front_end]}." for name in rows.MODALITIES]
    if _exchanges(loaded):
        whose = "of its scene" if experiment.control.pairs == "within_class" else "of any scene"
        lines.insert(0, f"CONTROL: beside each sound stand the frames of another location {whose}.")
    own = {key: value for key, value in experiment.train.model_dump(exclude={"device"}).items() if value is not None}
    if own:
        shown = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in own.items())
        lines.append(f"Training settings of this experiment: {shown}.")
    return lines


def decided(loaded: Loaded) -> dict[Row, Any]:
    """Settings of a row, of the rows it starts from, and of the jobs that all rest on."""
    shared = [settings(loaded, "media", {}), str(loaded.experiment.split), switched(loaded, "normaliser")]
    shared += [settings(loaded, "features", {"front_end": word}) for _, word in own_jobs(loaded, "features") or []]
    stages = ("train", "evaluate")
    own = {row: [_settings_of_row(loaded, stage, row) for stage in stages] for row in loaded.study.rows()}
    if _exchanges(loaded):
        exchange = settings(loaded, "shuffle", {"fold": 0})
        own = {
            row: [*its, exchange] if "video" in loaded.study.methods[row[0]].reads else its for row, its in own.items()
        }
    return {
        row: [shared, own[row], *(own[its] for its in loaded.study.read_by(row[0]))] for row in loaded.study.trained()
    }


def _settings_of_row(loaded: Loaded, stage: str, row: Row) -> dict[str, Any]:
    return settings(loaded, stage, {"method": row[0], "modality": row[1], "seed": 0})


def comparable(name: str, plain: Loaded, change: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def timed(loaded: Loaded) -> str:
    return _its(loaded)[0].embeddings.audio.front_end


def to_make_all(experiment: AnyExperiment) -> str | None:
    return None
