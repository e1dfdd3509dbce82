"""What an experiment's jobs are given: settings, files, and which rows of the study it cannot make.

Pure: from checked configurations to plain values. The rules of the workflow ask here, so that a stage gets its own
settings and files and nothing else; what a row reads and uses stands in the study file.
"""

from collections.abc import Collection
from typing import Any

from overheard.study.captions import remarks
from overheard.study.config import BLOCKS, Directory, Experiment, Network, Twin
from overheard.study.experiments import Loaded
from overheard.study.layout import STAGES, fold_of
from overheard.study.protocol import SWITCHES, Protocol
from overheard.study.study_file import Method, Study

FULL_NETWORKS = ("resnet101", "resnet50")
"""Networks that the protocol's learning rate, batch, epochs and patience are meant for."""

MODALITIES = ("none", "image", "sound", "image+sound")

WHOLE_FRONT_END = "tagger_mn04"
"""The front end whose log-mels the tagger's network reads whole: nothing is pooled."""

_TEACHER = {"logits", "prior", "relevance"}
"""What of a row's reads comes from the teacher."""

TEACHER_FILES = {
    "logits": "teacher/logits.npy",
    "logit_ids": "teacher/logits.ids.csv",
    "teacher_events": "teacher/events.csv",
}
"""What the teacher hears, by flag."""


def left_out(experiment: Experiment, study: Study) -> dict[tuple[str, str], str]:
    """Rows of the study that this experiment cannot make, with the reason that stands in the table."""
    source = experiment.source
    if isinstance(source, Twin):
        return {}
    reasons = {}
    for method, modality in study.rows():
        reads = study.methods[method].reads
        reason = []
        if "encoders" in reads and "image" in modality and not _has_image(experiment):
            reason.append("no trained image network and no scenes to pre-train one on (networks.image, source.scenes)")
        if not _has_teacher(source) and "encoders" in reads and "sound" in modality:
            reason.append("no tagger and no tagged sounds for the sound network (source.tagger, source.sounds)")
        elif not _has_teacher(source) and _TEACHER & set(reads):
            reason.append("no tagger to hear the events (source.tagger, source.sounds)")
        if reason:
            reasons[method, modality] = "; ".join(reason)
    return reasons


def _has_image(experiment: Experiment) -> bool:
    source = experiment.source
    return isinstance(source, Twin) or source.scenes is not None or is_given(experiment.networks.image)


def is_given(network: Network) -> bool:
    """Whether a network starts from weights that others published: nothing is pre-trained here."""
    return network.name in BLOCKS


def _network(experiment: Experiment, modality: str) -> Network:
    return experiment.networks.image if modality == "image" else experiment.networks.sound


def _has_teacher(source: Twin | Directory) -> bool:
    return isinstance(source, Twin) or bool(source.tagger or source.sounds)


def _rows_made(experiment: Experiment, study: Study) -> list[tuple[Method, str]]:
    absent = left_out(experiment, study)
    return [(study.methods[method], modality) for method, modality in study.rows() if (method, modality) not in absent]


def pretrained(experiment: Experiment, study: Study) -> list[str]:
    """The modalities whose pre-trained network some row rests on; the teacher is the sound network."""
    read = {name for method, _ in _rows_made(experiment, study) for name in method.reads}
    rested_on = {"image": {"encoders"}, "sound": {"encoders", *_TEACHER}}
    return [modality for modality in encoders(experiment) if rested_on[modality] & read]


def teacher_jobs(experiment: Experiment, study: Study) -> list[str]:
    """Those of teacher, prior and relevance that some row rests on."""
    read = {name for method, _ in _rows_made(experiment, study) for name in method.reads}
    return (["teacher"] if read & _TEACHER else []) + [job for job in ("prior", "relevance") if job in read]


def frozen(experiment: Experiment, study: Study) -> list[str]:
    """The modalities of which some row keeps lower blocks as given."""
    rows = _rows_made(experiment, study)
    return [name for name in ("image", "sound") if any(frozen_blocks(experiment, *row, name) for row in rows)]


def unneeded(experiment: Experiment, study: Study) -> set[str]:
    """Stages that this experiment has no job for."""
    taught = {"teacher", "prior", "relevance"} - set(teacher_jobs(experiment, study))
    return taught | (set() if isinstance(experiment.source, Twin) else {"draw"})


def parts(experiment: Experiment, study: Study) -> list[str]:
    """The collections that are used: pairs, and what networks are pre-trained on where no weights are given."""
    trained = [name for name in pretrained(experiment, study) if not is_given(_network(experiment, name))]
    return ["pairs", *(part for name, part in (("image", "scenes"), ("sound", "sounds")) if name in trained)]


def front_ends(experiment: Experiment, collection: str) -> list[str]:
    """The front ends that a collection's media go through."""
    image, sound = front_end(experiment, "image"), front_end(experiment, "sound")
    return {"pairs": [image, sound], "scenes": [image], "sounds": [sound]}[collection]


def encoders(experiment: Experiment) -> list[str]:
    """The modalities that have a pre-trained network."""
    has = {"image": _has_image(experiment), "sound": _has_teacher(experiment.source)}
    return [name for name, there in has.items() if there]


def front_end(experiment: Experiment, modality: str) -> str:
    """The front end a modality's network reads."""
    if modality == "image":
        return "images"
    return WHOLE_FRONT_END if experiment.networks.sound.name == "mn04" else "paper"


def array(experiment: Experiment, modality: str) -> str:
    """The file under `features/` that a modality's network reads, without `.npy`: small networks read pooled arrays."""
    network = _network(experiment, modality)
    return front_end(experiment, modality) + (".pooled" if network.name == "small" else "")


def unstored(experiment: Experiment, front_end: str) -> set[str]:
    """Of `array` and `pooled`, the forms of a front end that nobody reads: whole sounds are searched for leaks."""
    if front_end == WHOLE_FRONT_END:
        return {"pooled"}
    return {"array"} if front_end == "images" and experiment.networks.image.name == "small" else set()


def draw_settings(experiment: Experiment, collection: str) -> dict[str, Any]:
    """What decides one collection of the twin's media."""
    assert isinstance(experiment.source, Twin)
    own = {"pairs": {"scale", "coupling", "clips", "events"}, "scenes": {"scenes"}, "sounds": {"sounds"}}[collection]
    return experiment.source.model_dump(include={"world", *own}, exclude_none=True)


def media_settings(experiment: Experiment, collection: str) -> dict[str, Any]:
    """How a collection's media are read."""
    own = {"pairs": {"classes", "bands", "channels", "seed"}, "scenes": {"bands"}, "sounds": {"channels", "seed"}}
    source = experiment.source
    # the twin's clips are ten seconds long and its pictures have three bands
    said = {"seed": 0} if isinstance(source, Twin) else source.model_dump(exclude_none=True)
    return {name: value for name, value in said.items() if name in own[collection]}


def switched(
    protocol: Protocol,
    stage: str,
    method: Method | None = None,
    modality: str = "image",
    *,
    pictures: bool = True,
) -> dict[str, Any]:
    """The switches of a protocol that reach a stage's job, of a row where it is one; null ones are left out.

    Args:
        protocol: with the experiment's changes.
        stage: its word.
        method: the row's; None for a job that is of no row.
        modality: what is trained.
        pictures: whether, with images, it is pictures; not so with stored outputs of frozen blocks.
    """
    reached = {"all": True, "image": "image" in modality and pictures, "unimodal": "+" not in modality}
    return {
        name: value
        for name, switch in SWITCHES.items()
        if stage in switch.stages
        and (name in method.uses if switch.rows == "named" and method else reached.get(switch.rows))
        and (value := getattr(protocol, name)) is not None
    }


def pretrain_settings(experiment: Experiment, protocol: Protocol, modality: str) -> dict[str, Any]:
    """How one modality's network is pre-trained; the augmentation, of pictures alone, is the protocol's."""
    network = _network(experiment, modality)
    settings = network.pretrain.model_dump(exclude={"seed"})
    settings |= switched(protocol, "pretrain", modality=modality)
    return settings | experiment.train.model_dump(include={"device", "channels_last"})


def frozen_blocks(experiment: Experiment, method: Method, modality: str, of: str) -> int:
    """Lower blocks of a modality's network that a row keeps as given: none where that is left out or starts at random.

    Args:
        experiment: the experiment.
        method: the row's.
        modality: the row's.
        of: image or sound.
    """
    return _network(experiment, of).frozen_blocks if "encoders" in method.reads and of in modality else 0


def row_arrays(experiment: Experiment, method: Method, modality: str) -> dict[str, str]:
    """The files of clips that all runs of a row read, whatever their fold: flag to path under `results/NAME/`."""
    stems = {name: array(experiment, name) for name in ("image", "sound")}
    files = {f"{name}s": f"features/{stem}.npy" for name, stem in stems.items()}
    files |= {f"{name}_ids": f"features/{stem.split('.')[0]}.ids.csv" for name, stem in stems.items()}
    for name in stems:
        if frozen_blocks(experiment, method, modality, name):
            files |= {f"{name}s": f"frozen/{name}.npy", f"{name}_ids": f"frozen/{name}.ids.csv"}
    return files | {"index": "media/index.csv"}


def of_fold(experiment: Experiment, seed: int, *stages: str) -> dict[str, str]:
    """The files of these stages that a run of a seed reads, those of its fold: flag to path under `results/NAME/`."""
    fold = fold_of(seed, experiment.split.folds)
    return {flag: path.format(fold=fold) for stage in stages for flag, path in STAGES[stage].writes.items()}


def train_inputs(experiment: Experiment, method: Method, modality: str, seed: int) -> dict[str, str]:
    """All that a run reads: flag to path under `results/NAME/`."""
    files = row_arrays(experiment, method, modality) | of_fold(experiment, seed, "split", "normaliser")
    if "encoders" in method.reads:
        files |= {f"{name}_encoder": f"pretrain/{name}.pt" for name in encoders(experiment)}
    if "logits" in method.reads:
        files |= TEACHER_FILES
    return files | of_fold(experiment, seed, *(name for name in ("prior", "relevance") if name in method.reads))


def baseline_inputs(experiment: Experiment, method: Method, seed: int) -> dict[str, str]:
    """All that a run of a dull baseline reads: flag to path under `results/NAME/`; of pictures the pooled ones."""
    files = {"index": "media/index.csv"} | of_fold(experiment, seed, "split")
    stems = {"images": "images.pooled", "sounds": array(experiment, "sound")}
    for flag in (flag for flag in stems if flag in method.reads):
        stem = stems[flag]
        files |= {flag: f"features/{stem}.npy", f"{flag[:-1]}_ids": f"features/{stem.split('.')[0]}.ids.csv"}
    if "logits" in method.reads:
        files |= TEACHER_FILES
    return files


def split_settings(experiment: Experiment) -> dict[str, Any]:
    """What decides the splits, and the labels that training sees."""
    redrawn = experiment.control.redrawn
    return experiment.split.model_dump() | ({"redrawn": redrawn} if redrawn else {})


def prior_settings(experiment: Experiment, protocol: Protocol) -> dict[str, Any]:
    """What decides the prior besides what it reads."""
    rows = experiment.control.prior
    return switched(protocol, "prior") | ({} if rows == "measured" else {"rows": rows})


def train_settings(experiment: Experiment, protocol: Protocol, method: Method, modality: str) -> dict[str, Any]:
    """What a student's training depends on besides its inputs, method, modality and seed."""
    kept = {of: blocks for of in ("image", "sound") if (blocks := frozen_blocks(experiment, method, modality, of))}
    settings: dict[str, Any] = {
        **{f"frozen_blocks_{of}": blocks for of, blocks in kept.items()},
        "network_image": experiment.networks.image.name,
        "network_sound": experiment.networks.sound.name,
        **switched(protocol, "train", method, modality, pictures="image" not in kept),
        **experiment.train.model_dump(exclude_none=True),
    }
    settings["learning_rate"] = settings.pop("baseline_learning_rate", settings["learning_rate"])
    unused = {"epochs"} if "steps" in settings else set()
    unused |= {"patience"} if settings["selection"] == "last" else set()
    return {name: value for name, value in settings.items() if name not in unused}


def evaluate_settings(experiment: Experiment, protocol: Protocol, method: Method, modality: str) -> dict[str, Any]:
    """How students are run on test clips; what trained them is in their own files."""
    own = experiment.train.model_dump(include={"batch_size", "device", "bf16", "channels_last"}, exclude_none=True)
    pictures = not frozen_blocks(experiment, method, modality, "image")
    settings = switched(protocol, "evaluate", modality=modality, pictures=pictures) | own
    # test pictures are augmented by a protocol alone that says so
    if settings.pop("augmented_splits", "train") == "all":
        settings |= switched(protocol, "pretrain", modality=modality)
    return settings


def protocol_name(experiment: Experiment) -> str:
    """What captions and cells call the protocol: its name, and the experiment's own switches."""
    if isinstance(experiment.protocol, str):
        return experiment.protocol
    own = [f"{name} {value}" for name, value in experiment.protocol.items() if name != "base"]
    return f"{experiment.protocol['base']} with {', '.join(own)}" if own else str(experiment.protocol["base"])


def table_settings(loaded: Loaded, table: str, absent: list[str], diverged: Collection[str] = ()) -> dict[str, Any]:
    """What a table must say of itself; `absent` names runs that are known to be missing (`method/modality/seed-k`).

    `diverged` are those of them whose training ended with numbers that are none.
    """
    experiment, study = loaded.experiment, loaded.study
    spec = study.tables[table]
    seeds: dict[str, list[int]] = {}
    for run in diverged:
        method, modality, seed = run.split("/")
        if (method, modality) in spec.runs():
            seeds.setdefault(f"{method}|{modality}", []).append(int(seed.removeprefix("seed-")))
    return {
        "experiment": loaded.name,
        "source": experiment.source.kind,
        "protocol": protocol_name(experiment),
        **switched(loaded.protocol, "tables"),
        "spec": spec.model_dump(),
        "labels": {method: study.methods[method].label for method, _ in [*spec.runs(), *study.baselines()]},
        "seeds": experiment.seeds,
        "partial": bool(absent),
        "left_out": {
            f"{method}|{modality}": reason
            for (method, modality), reason in left_out(experiment, study).items()
            if (method, modality) in spec.runs()
        },
        "remarks": remarks(experiment),
    } | ({"diverged": seeds} if seeds else {})


def figure_settings(loaded: Loaded, figure: str, absent: list[str], diverged: Collection[str] = ()) -> dict[str, Any]:
    """What a figure must say of itself; one that draws no scores names only the experiment and its source."""
    if figure not in loaded.study.tables:
        return {"experiment": loaded.name, "source": loaded.experiment.source.kind}
    settings = table_settings(loaded, figure, absent, diverged)
    return settings | {"spec": {key: settings["spec"][key] for key in ("title", "blocks")}}
