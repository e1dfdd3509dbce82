"""What tables and figures must say of themselves: their settings, and the sentences of their captions. Pure."""

from collections.abc import Collection
from typing import Any

from overheard.study import claims_file, job_settings
from overheard.study.config import BLOCKS, Experiment, Network
from overheard.study.diagrams import CONFIGURATIONS
from overheard.study.experiments import Loaded
from overheard.study.protocol import Protocol


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
    spec = loaded.study.tables[table]
    dull = loaded.study.baselines()
    metrics = {metric: loaded.study.metrics[metric].model_dump() for metric in spec.metrics}
    return {"spec": spec.model_dump(), "metrics": metrics} | _of_rows(
        loaded, "tables", spec.runs(), dull, absent, diverged
    )


def figure_settings(loaded: Loaded, figure: str, absent: list[str], diverged: Collection[str] = ()) -> dict[str, Any]:
    """What a figure must say of itself; a diagram is given what it says of the configuration, and no more."""
    spec, tables = loaded.study.figures[figure], loaded.study.tables
    rows, shown = spec.runs(tables), [block.model_dump() for block in spec.shown(tables)]
    said: dict[str, Any] = {"spec": {"title": spec.title, "caption": spec.caption}}
    said |= {"own": spec.settings} if spec.settings else {}
    if spec.configuration:
        said |= {"configuration": CONFIGURATIONS[spec.configuration](loaded, rows)}
        return _of_experiment(loaded) | said | ({"protocol": protocol_name(loaded.experiment)} if rows else {})
    if not rows:
        return _of_experiment(loaded) | said
    said["spec"]["blocks"] = shown
    return said | _of_rows(loaded, "figures", rows, [], absent, diverged)


def _of_experiment(loaded: Loaded) -> dict[str, Any]:
    return {"experiment": loaded.name, "source": loaded.origin._asdict()}


def _of_rows(
    loaded: Loaded,
    stage: str,
    rows: list[tuple[str, str]],
    beside: list[tuple[str, str]],
    absent: list[str],
    diverged: Collection[str],
) -> dict[str, Any]:
    """What a table or figure of these rows must say of itself."""
    experiment, study = loaded.experiment, loaded.study
    seeds: dict[str, list[int]] = {}
    for run in diverged:
        method, modality, seed = run.split("/")
        if (method, modality) in rows:
            seeds.setdefault(f"{method}|{modality}", []).append(int(seed.removeprefix("seed-")))
    return {
        **_of_experiment(loaded),
        "protocol": protocol_name(experiment),
        **job_settings.switched(experiment, loaded.protocol, stage),
        "labels": {method: study.methods[method].label for method, _ in [*rows, *beside]},
        "columns": {column: study.columns[column] for _, column in rows},
        "seeds": experiment.seeds,
        "partial": bool(absent),
        "left_out": {
            f"{method}|{modality}": reason
            for (method, modality), reason in job_settings.left_out(experiment, study).items()
            if (method, modality) in rows
        },
        "remarks": remarks(experiment) + protocol_remarks(experiment, loaded.protocol),
    } | ({"diverged": seeds} if seeds else {})


def atlas_settings(loaded: Loaded, figure: str, folder: str) -> dict[str, Any]:
    """What an atlas shows; `folder` is that of the pairs' media."""
    experiment = loaded.experiment
    return {
        **_of_experiment(loaded),
        "folder": folder,
        **loaded.study.figures[figure].settings,
        **job_settings.switched(experiment, loaded.protocol, "atlas"),
        **({} if experiment.control.prior == "measured" else {"rows": experiment.control.prior}),
    }


def embedding_settings(loaded: Loaded, figure: str) -> dict[str, Any]:
    """How the clips of a figure are compared."""
    own = loaded.study.figures[figure].settings
    return own | job_settings.switched(loaded.experiment, loaded.protocol, "embedding")


def claims_settings(loaded: Loaded) -> dict[str, Any]:
    """The paper's claims, and what is said of the numbers that judge them."""
    assert loaded.claims is not None
    claims = claims_file.as_settings(loaded.claims)
    named = {row[0] for claim in claims for pair in claim["compare"] for row in (pair["first"], pair["second"])}
    return {
        **_of_experiment(loaded),
        "protocol": protocol_name(loaded.experiment),
        "seeds": loaded.experiment.seeds,
        "paper": loaded.claims.paper,
        "caveat": loaded.claims.caveat,
        "claims": claims,
        "labels": {method: its.label for method, its in loaded.study.methods.items() if method in named},
        "remarks": remarks(loaded.experiment) + protocol_remarks(loaded.experiment, loaded.protocol),
    }


def statistics_settings(loaded: Loaded, table: str) -> dict[str, Any]:
    """What is compared: the rows and metrics of a table."""
    spec, left_out = loaded.study.tables[table], job_settings.left_out(loaded.experiment, loaded.study)
    return {
        **_of_experiment(loaded),
        "tables": {table: spec.model_dump(include={"blocks", "metrics"})},
        "left_out": {"|".join(row): why for row, why in left_out.items() if row in spec.runs()},
    }


_DEGRADED = {
    "zeroed": "zero (the training mean)",
    "mispaired": "of another location",
    "dark": "a quarter as bright",
    "rotated": "rotated by 90°",
    "noisy": "under noise of one standard deviation of the training clips",
}


def remarks(experiment: Experiment) -> list[str]:
    """Lines that must stand in every caption: what is not as in the paper."""
    image, sound = experiment.networks.image, experiment.networks.sound
    lines = []
    control = experiment.control
    if control.redrawn:
        lines.append(f"CONTROL: {control.redrawn:.0%} of the training labels were drawn again, from all clips' labels.")
    if control.prior != "measured":
        how = {"permuted": "each scene has the next one's row", "equal": "all scenes have the mean row"}[control.prior]
        lines.append(f"CONTROL: the prior p(e|s) is not what was measured: {how}.")
    if control.teacher != "heard":
        whose = {"within_class": "of its class", "across": "of any class"}[control.teacher]
        lines.append(f"CONTROL: each clip has what the teacher heard at another location {whose} in its split.")
    for of in ("image", "sound"):
        if (how := getattr(control, f"test_{of}")) != "intact":
            lines.append(f"CONTROL: in the test every {of} is {_DEGRADED[how]}.")
    if image.name == "small":
        lines.append("Image network: small (64×64 pictures), in ResNet-101's place.")
    if image.name == "efficientnet_lite0":
        text = "Image network: EfficientNet-Lite0, trained on ImageNet, in ResNet-101's place"
        if image.frozen_blocks:
            text += f"{_kept(image)}; pictures are augmented only where none are kept"
        lines.append(text + ".")
    if sound.name == "small":
        lines.append("Sound network: small (log-mels pooled to 100 frames), in ResNet-50's place.")
    if sound.name == "mn04":
        lines.append(f"Sound network and teacher: the tagger mn04, in ResNet-50's place{_kept(sound)}.")
    own = {key: value for key, value in experiment.train.model_dump().items() if value is not None}
    words = ("learning_rate", "epochs", "steps", "batch_size", "patience", "schedule", "selection", "bn_statistics")
    shown = [f"{word.replace('_', ' ')} {str(own[word]).replace('_', ' ')}" for word in words if word in own]
    if shown:
        lines.append(f"Training settings of this experiment: {', '.join(shown)}.")
    return lines


def _kept(network: Network) -> str:
    if not network.frozen_blocks:
        return ""
    blocks = f"{network.frozen_blocks} of {BLOCKS[network.name]} blocks"
    return f"; its lower {blocks} are kept as given (none where it starts at random)"


def protocol_remarks(experiment: Experiment, protocol: Protocol) -> list[str]:
    """Lines of what a protocol other than `corrected` does otherwise, or cannot do here."""
    lines = []
    if protocol.split_draw == "by_label":
        lines.append("One split for all seeds, drawn as the released program does: there are no folds.")
        if getattr(experiment.source, "listing", None) is None:
            lines.append("In what order the program would list this folder is not known: names are sorted.")
    if experiment.idle and not protocol_name(experiment).startswith("corrected"):
        reasons: dict[str, list[str]] = {}
        for name, reason in experiment.idle.items():
            reasons.setdefault(reason, []).append(name)
        said = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in reasons.items())
        lines.append(f"Of the protocol these change nothing here: {said}.")
    return lines
