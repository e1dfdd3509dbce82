"""What an experiment's jobs are given: settings, array names, and which rows of the study it cannot make.

Pure: from checked configurations to plain values. The rules of the workflow ask here, so that a stage gets its own
settings and nothing else.
"""

from collections.abc import Sequence
from typing import Any

from overheard.study.config import Directory, Experiment, Protocol, Study, Twin

FULL_NETWORKS = ("resnet101", "resnet50")
"""Networks that the protocol's learning rate, batch, epochs and patience are meant for."""

MODALITIES = ("image", "sound", "image+sound")

WHOLE_FRONT_END = "tagger_mn04"
"""The front end whose log-mels the tagger's network reads whole: nothing is pooled."""


def left_out(experiment: Experiment, study: Study) -> dict[tuple[str, str], str]:
    """Rows of the study that this experiment cannot make, with the reason that stands in the table."""
    source = experiment.source
    if isinstance(source, Twin):
        return {}
    reasons = {}
    for method, modality in study.rows():
        needs = study.methods[method].needs
        reason = []
        if "encoders" in needs and "image" in modality and source.scenes is None:
            reason.append("no folder of scenes to pre-train the image network on (source.scenes)")
        if not _has_teacher(source) and "encoders" in needs and "sound" in modality:
            reason.append("no tagger and no tagged sounds for the sound network (source.tagger, source.sounds)")
        elif not _has_teacher(source) and "teacher" in needs:
            reason.append("no tagger to hear the events (source.tagger, source.sounds)")
        if reason:
            reasons[method, modality] = "; ".join(reason)
    return reasons


def _has_teacher(source: Twin | Directory) -> bool:
    return isinstance(source, Twin) or bool(source.tagger or source.sounds)


def needed(experiment: Experiment, study: Study) -> set[str]:
    """What some row that this experiment makes needs besides pictures and sounds: `encoders`, `teacher`."""
    absent = left_out(experiment, study)
    return {need for row in study.rows() if row not in absent for need in study.methods[row[0]].needs}


def pretrained(experiment: Experiment, study: Study) -> list[str]:
    """The modalities whose pre-trained network some row rests on; the teacher is the sound network."""
    needs = needed(experiment, study)
    rested_on = {"image": {"encoders"}, "sound": {"encoders", "teacher"}}
    return [modality for modality in encoders(experiment) if rested_on[modality] & needs]


def teacher_jobs(experiment: Experiment, study: Study) -> list[str]:
    """Those of teacher, prior and relevance that some row rests on."""
    needs = needed(experiment, study)
    if "teacher" in needs:
        return ["teacher", "prior", "relevance"]
    return ["teacher"] if frozen_blocks(experiment, list(needs)) else []


def unneeded(experiment: Experiment, study: Study) -> set[str]:
    """Stages that this experiment has no job for."""
    taught = {"teacher", "prior", "relevance"} - set(teacher_jobs(experiment, study))
    return taught | (set() if isinstance(experiment.source, Twin) else {"draw"})


def parts(experiment: Experiment, study: Study) -> list[str]:
    """The collections that are used: pairs, and what networks are pre-trained on where no weights are given."""
    networks = pretrained(experiment, study)
    given = getattr(experiment.source, "tagger", None)
    scenes = ["scenes"] if "image" in networks else []
    return ["pairs", *scenes, *(["sounds"] if "sound" in networks and not given else [])]


def front_ends(experiment: Experiment, collection: str) -> list[str]:
    """The front ends that a collection's media go through."""
    image, sound = front_end(experiment, "image"), front_end(experiment, "sound")
    return {"pairs": [image, sound], "scenes": [image], "sounds": [sound]}[collection]


def encoders(experiment: Experiment) -> list[str]:
    """The modalities that have a pre-trained network."""
    source = experiment.source
    has_image = isinstance(source, Twin) or source.scenes is not None
    return [*(["image"] if has_image else []), *(["sound"] if _has_teacher(source) else [])]


def front_end(experiment: Experiment, modality: str) -> str:
    """The front end a modality's network reads."""
    if modality == "image":
        return "images"
    return WHOLE_FRONT_END if experiment.networks.sound.name == "mn04" else "paper"


def array(experiment: Experiment, modality: str) -> str:
    """The file under `features/` that a modality's network reads, without `.npy`: small networks read pooled arrays."""
    network = experiment.networks.image if modality == "image" else experiment.networks.sound
    return front_end(experiment, modality) + (".pooled" if network.name == "small" else "")


def draw_settings(experiment: Experiment) -> dict[str, Any]:
    """What decides the twin's media."""
    assert isinstance(experiment.source, Twin)
    return experiment.source.model_dump(exclude={"kind"})


def media_settings(experiment: Experiment) -> dict[str, Any]:
    """How media are read."""
    source = experiment.source
    if isinstance(source, Twin):
        return {"classes": None, "bands": None, "channels": None, "seed": 0}
    return source.model_dump(include={"classes", "bands", "channels", "seed"})


def pretrain_settings(experiment: Experiment, protocol: Protocol, modality: str) -> dict[str, Any]:
    """How one modality's network is pre-trained; augmentation is the protocol's."""
    network = experiment.networks.image if modality == "image" else experiment.networks.sound
    settings = network.pretrain.model_dump(exclude={"seed"})
    settings |= protocol.augmentation.model_dump()
    return settings | experiment.train.model_dump(include={"device", "channels_last"})


def frozen_blocks(experiment: Experiment, needs: Sequence[str]) -> int:
    """Lower blocks of the sound network that a method keeps as given: none where it starts at random."""
    return experiment.networks.sound.frozen_blocks if "encoders" in needs else 0


def train_settings(experiment: Experiment, protocol: Protocol, needs: Sequence[str]) -> dict[str, Any]:
    """What a student's training depends on besides its inputs, method, modality and seed; `needs` are the method's."""
    own = {key: value for key, value in experiment.train.model_dump().items() if value is not None}
    return {
        "network_image": experiment.networks.image.name,
        "network_sound": experiment.networks.sound.name,
        "frozen_blocks": frozen_blocks(experiment, needs),
        "learning_rate": protocol.learning_rate,
        "weight_decay": protocol.weight_decay,
        "alpha": protocol.alpha,
        "beta": protocol.beta,
        **protocol.unsaid.model_dump(),
        **protocol.augmentation.model_dump(),
        **protocol.selection.model_dump(),
        **own,
    }


def evaluate_settings(experiment: Experiment, protocol: Protocol) -> dict[str, Any]:
    """How students are run on test clips; what trained them is in their own files."""
    settings = train_settings(experiment, protocol, [])
    return {key: settings[key] for key in ("batch_size", "device", "bf16", "channels_last")}


def table_settings(experiment: Experiment, study: Study, name: str, table: str, absent: list[str]) -> dict[str, Any]:
    """What a table must say of itself; `absent` names runs that are known to be missing (`method/modality/seed-k`)."""
    spec = study.tables[table]
    return {
        "experiment": name,
        "source": experiment.source.kind,
        "protocol": experiment.protocol,
        "spec": spec.model_dump(),
        "labels": {method: study.methods[method].label for method, _ in spec.runs()},
        "seeds": experiment.seeds,
        "partial": bool(absent),
        "left_out": {
            f"{method}|{modality}": reason
            for (method, modality), reason in left_out(experiment, study).items()
            if (method, modality) in spec.runs()
        },
        "remarks": remarks(experiment),
    }


def figure_settings(experiment: Experiment, study: Study, name: str, figure: str, absent: list[str]) -> dict[str, Any]:
    """What a figure must say of itself; one that draws no scores names only the experiment and its source."""
    if figure in study.tables:
        return table_settings(experiment, study, name, figure, absent)
    unsaid = dict.fromkeys(("spec", "labels", "seeds", "left_out", "remarks"))
    return {"experiment": name, "source": experiment.source.kind, "protocol": "", "partial": False, **unsaid}


def remarks(experiment: Experiment) -> list[str]:
    """Lines that must stand in every caption: what is not as in the paper."""
    image, sound = experiment.networks.image, experiment.networks.sound
    lines = []
    if image.name == "small":
        lines.append("Image network: small (64×64 pictures), in ResNet-101's place.")
    if sound.name == "small":
        lines.append("Sound network: small (log-mels pooled to 100 frames), in ResNet-50's place.")
    if sound.name == "mn04":
        text = "Sound network and teacher: the tagger mn04, in ResNet-50's place"
        if sound.frozen_blocks:
            text += f"; its lower {sound.frozen_blocks} of 17 blocks are kept as given (none where it starts at random)"
        lines.append(text + ".")
    own = {key: value for key, value in experiment.train.model_dump().items() if value is not None}
    shown = [
        f"{key.replace('_', ' ')} {own[key]:g}"
        for key in ("learning_rate", "epochs", "batch_size", "patience")
        if key in own
    ]
    if shown:
        lines.append(f"Training settings of this experiment: {', '.join(shown)}.")
    return lines
