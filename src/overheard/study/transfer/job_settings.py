"""What an experiment's jobs are given: settings, and which rows of the study it cannot make; files: `row_files`.

Pure: from checked configurations to plain values. The rules of the workflow ask here, so that a stage gets its own
settings and files and nothing else; what a row reads and uses stands in the study file.
"""

from typing import Any

from overheard.media.front_ends import IMAGES, stored_shape
from overheard.study.study_file import Method, Study
from overheard.study.transfer.experiment import BLOCKS, Experiment, Network
from overheard.study.transfer.protocol import SWITCHES, Protocol
from overheard.study.transfer.source import Directory, Twin

FULL_NETWORKS = ("resnet101", "resnet50")
"""Networks that the protocol's learning rate, batch, epochs and patience are meant for."""

WHOLE_FRONT_END = "tagger_mn04"
"""The front end whose log-mels the tagger's network reads whole: nothing is pooled."""

_OF_STARTS = (
    *("network_image", "network_sound", "frozen_blocks_image", "frozen_blocks_sound"),
    *("class_order", "missing_modality", "absent_shape"),
)
"""Of a training's settings, those of the student that it starts with."""

_TEACHER = {"logits", "prior", "relevance"}
"""What of a row's reads comes from the teacher."""


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
    for method, modality in study.rows():
        if absent := next((row for row in study.read_by(method) if row in reasons), None):
            reasons[method, modality] = f"{absent[0]} on {absent[1]} is left out: {reasons[absent]}"
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
    """Those of teacher, shuffle, prior and relevance that some row rests on."""
    read = {name for method, _ in _rows_made(experiment, study) for name in method.reads}
    heard = ["teacher", *(["shuffle"] if experiment.control.teacher != "heard" else [])]
    return (heard if read & _TEACHER else []) + [job for job in ("prior", "relevance") if job in read]


def frozen(experiment: Experiment, study: Study) -> list[str]:
    """The modalities of which some row keeps lower blocks as given."""
    rows = _rows_made(experiment, study)
    return [name for name in ("image", "sound") if any(frozen_blocks(experiment, *row, name) for row in rows)]


def unneeded(experiment: Experiment, study: Study) -> set[str]:
    """Stages that this experiment has no job for."""
    taught = {"teacher", "shuffle", "prior", "relevance"} - set(teacher_jobs(experiment, study))
    resting = {"atlas": {"prior", "relevance"}, "embedding": {"prior"}}
    taught |= {stage for stage, reads in resting.items() if reads & taught}
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
        return IMAGES
    return WHOLE_FRONT_END if experiment.networks.sound.name == "mn04" else "paper"


def array(experiment: Experiment, modality: str) -> str:
    """The file under `features/` that a modality's network reads, without `.npy`: small networks read pooled arrays."""
    return front_end(experiment, modality) + (".pooled" if _is_pooled(experiment, modality) else "")


def _is_pooled(experiment: Experiment, modality: str) -> bool:
    return _network(experiment, modality).name == "small"


def absent_shape(experiment: Experiment, modality: str) -> tuple[int, ...]:
    """Of a clip of a modality left out, as its whole network takes it: (3, height, width) or (1, time, band)."""
    shape = stored_shape(front_end(experiment, modality), _is_pooled(experiment, modality))
    return (shape[2], *shape[:2]) if modality == "image" else (1, *shape)


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
    pictures = {"bands", "range"}
    own = {"pairs": {"classes", "channels", "seed"} | pictures, "scenes": pictures, "sounds": {"channels", "seed"}}
    source = experiment.source
    # the twin's clips are ten seconds long and its pictures have three bands
    said = {"seed": 0} if isinstance(source, Twin) else source.model_dump(exclude_none=True)
    return {name: value for name, value in said.items() if name in own[collection]}


def switched(
    experiment: Experiment,
    protocol: Protocol,
    stage: str,
    method: Method | None = None,
    modality: str = "image",
    *,
    pictures: bool = True,
) -> dict[str, Any]:
    """The switches of a protocol that reach a stage's job, of a row where it is one.

    Left out are null ones, and those that change nothing in this experiment.

    Args:
        experiment: whose job it is.
        protocol: with the experiment's changes.
        stage: its word.
        method: the row's; None for a job that is of no row.
        modality: what is trained.
        pictures: whether, with images, it is pictures; not so with stored outputs of frozen blocks.
    """
    reached = {"all": True, "image": "image" in modality and pictures, "sound": "sound" in modality}
    reached |= {"unimodal": "+" not in modality}
    return {
        name: value
        for name, switch in SWITCHES.items()
        if stage in switch.stages
        and name not in experiment.idle
        and (name in method.uses if switch.rows == "named" and method else reached.get(switch.rows))
        and (value := getattr(protocol, name)) is not None
    }


def pretrain_settings(experiment: Experiment, protocol: Protocol, modality: str) -> dict[str, Any]:
    """How one modality's network is pre-trained; the augmentation, of pictures alone, is the protocol's."""
    network = _network(experiment, modality)
    settings = network.pretrain.model_dump(exclude={"seed"})
    settings |= switched(experiment, protocol, "pretrain", modality=modality)
    return settings | experiment.train.model_dump(include={"device", "channels_last"})


def pretrain_job(experiment: Experiment, protocol: Protocol, modality: str) -> dict[str, Any]:
    """A modality's network, and how it is pre-trained: of given weights nothing more is said."""
    network = _network(experiment, modality)
    said = {"modality": modality, "network": network.name}
    if is_given(network):
        return said
    return said | {
        "seed": network.pretrain.seed,
        "settings": pretrain_settings(experiment, protocol, modality),
    }


def frozen_blocks(experiment: Experiment, method: Method, modality: str, of: str) -> int:
    """Lower blocks of a modality's network that a row keeps as given: none where that is left out or starts at random.

    Args:
        experiment: the experiment.
        method: the row's.
        modality: the row's.
        of: image or sound.
    """
    return _network(experiment, of).frozen_blocks if "encoders" in method.reads and of in modality else 0


def features_settings(experiment: Experiment, protocol: Protocol, front_end: str) -> dict[str, Any]:
    """The switches that decide what stands in the arrays of a front end."""
    return switched(experiment, protocol, "features", modality="image" if front_end == IMAGES else "sound")


def given_normaliser(experiment: Experiment, protocol: Protocol) -> dict[str, str]:
    """The file of mean and deviation of sounds, where the protocol has one that counts: flag to path."""
    found = switched(experiment, protocol, "normaliser", modality="sound")
    return {"given": found["sound_normaliser"]} if found else {}


def listing(experiment: Experiment, protocol: Protocol, stage: str) -> dict[str, str]:
    """The listing of the source's clips, where a job of split, prior or relevance draws by it: flag to path."""
    path = getattr(experiment.source, "listing", None)
    draws = protocol.split_draw == "by_label" if stage == "split" else protocol.prior_clips == "seventy_percent"
    return {"listing": path} if path and draws else {}


def split_settings(experiment: Experiment, protocol: Protocol) -> dict[str, Any]:
    """What decides the splits, and the labels that training sees."""
    redrawn = experiment.control.redrawn
    return {
        **experiment.split.model_dump(),
        **switched(experiment, protocol, "split"),
        **({"redrawn": redrawn} if redrawn else {}),
    }


def prior_settings(experiment: Experiment, protocol: Protocol) -> dict[str, Any]:
    """What decides the prior besides what it reads."""
    rows = experiment.control.prior
    return switched(experiment, protocol, "prior") | ({} if rows == "measured" else {"rows": rows})


def shuffle_settings(experiment: Experiment) -> dict[str, Any]:
    """How the teacher's outputs are exchanged in a control."""
    return {"teacher": experiment.control.teacher, "seed": experiment.split.seed}


def train_settings(experiment: Experiment, protocol: Protocol, method: Method, modality: str) -> dict[str, Any]:
    """What a student's training depends on besides its inputs, method, modality and seed."""
    kept = {of: blocks for of in ("image", "sound") if (blocks := frozen_blocks(experiment, method, modality, of))}
    settings: dict[str, Any] = {
        **{f"frozen_blocks_{of}": blocks for of, blocks in kept.items()},
        "network_image": experiment.networks.image.name,
        "network_sound": experiment.networks.sound.name,
        **switched(experiment, protocol, "train", method, modality, pictures="image" not in kept),
        **experiment.train.model_dump(exclude_none=True),
    }
    settings["learning_rate"] = settings.pop("baseline_learning_rate", settings["learning_rate"])
    if "missing_modality" in settings:
        (other,) = {"image", "sound"} - {modality}
        settings["absent_shape"] = absent_shape(experiment, other)
    unused = {"epochs"} if "steps" in settings else set()
    unused |= {"patience"} if settings["selection"] == "last" else set()
    if method.untrained:
        return {name: value for name, value in settings.items() if name in _OF_STARTS}
    own = method.own | ({"own": method.settings} if method.settings else {})
    return {name: value for name, value in settings.items() if name not in unused} | own


def evaluate_settings(experiment: Experiment, protocol: Protocol, method: Method, modality: str) -> dict[str, Any]:
    """How students are run on test clips; what trained them is in their own files."""
    own = experiment.train.model_dump(include={"batch_size", "device", "bf16", "channels_last"}, exclude_none=True)
    pictures = not frozen_blocks(experiment, method, modality, "image")
    settings = switched(experiment, protocol, "evaluate", modality=modality, pictures=pictures) | own | method.own
    said = {of: getattr(experiment.control, f"test_{of}") for of in ("image", "sound") if of in modality.split("+")}
    settings |= {f"test_{of}": how for of, how in said.items() if how != "intact"}
    # test pictures are augmented by a protocol alone that says so
    if settings.pop("augmented_splits", "train") == "all":
        settings |= switched(experiment, protocol, "pretrain", modality=modality)
    return settings


def maps_settings(
    experiment: Experiment, protocol: Protocol, study: Study, method: str, modality: str
) -> dict[str, Any]:
    """How maps are made: as students are tested, but of pictures that nothing augments; and how many are kept."""
    row = study.methods[method]
    own = {"batch_size", "device", "bf16", "channels_last", "class_order", "picture_scale", *row.own}
    tested = evaluate_settings(experiment, protocol, row, modality)
    asked = [spec.settings.get("pictures") for spec in study.figures.values() if "maps.activations" in spec.reads]
    kept = max((number for number in asked if isinstance(number, int)), default=1)
    return {name: value for name, value in tested.items() if name in own} | {"pictures": kept}
