"""The rows of a transfer: what may stand in a study file, and what decides each row. Pure."""

from typing import Any

from overheard.study.loaded import Loaded, Row
from overheard.study.study_file import Study
from overheard.study.transfer import job_settings
from overheard.study.transfer.diagrams import CONFIGURATIONS
from overheard.study.transfer.job_files import its
from overheard.study.transfer.protocol import NAMED

READS = ("encoders", "logits", "prior", "relevance", "images", "sounds")
TRAINED = ("image", "sound", "image+sound")
"""Columns that students are trained for, as learning/methods.py has them; it imports torch, which takes seconds."""


def problems(study: Study) -> list[str]:
    """What is wrong with the rows of a study, a line each."""
    lines = []
    for name, method in study.methods.items():
        for key, found, allowed in (("reads", method.reads, READS), ("uses", method.uses, NAMED)):
            if unknown := [word for word in found if word not in allowed]:
                lines.append(f"methods.{name}.{key}: found {', '.join(unknown)}; allowed: {', '.join(allowed)}")
    if odd := sorted({column for _, column in study.trained()} - set(TRAINED)):
        lines.append(f"tables: columns {', '.join(odd)}: students are trained on {', '.join(TRAINED)}")
    for name, spec in study.figures.items():
        if spec.configuration not in (None, *CONFIGURATIONS):
            known = ", ".join(CONFIGURATIONS)
            lines.append(f"figures.{name}.configuration: found {spec.configuration}; allowed: {known}")
        shown = spec.runs(study.tables) if any(word.startswith("maps.") for word in spec.reads) else []
        if blind := [f"{row}/{of}" for row, of in shown if "image" not in of or study.methods[row].baseline]:
            lines.append(f"figures.{name}: rows {', '.join(blind)} have no student that sees pictures to map")
    return lines


def decided(loaded: Loaded) -> dict[Row, list[Any]]:
    """Of each row, what decides its trainings and evaluations: its settings, and those of the jobs it rests on."""
    both = experiment, _ = its(loaded)
    made: dict[str, Any] = {"split": (job_settings.split_settings(*both), job_settings.listing(*both, "split"))}
    for name in ("image", "sound"):
        made[name] = job_settings.features_settings(*both, job_settings.front_end(experiment, name))
    made["source"] = experiment.source
    made["encoders"] = [
        None if job_settings.is_given(network) else (made[name], job_settings.pretrain_settings(*both, name))
        for name, network in experiment.networks
    ]
    made["logits"] = made["encoders"][1], made["sound"], job_settings.switched(*both, "teacher")
    made["sound"] = made["sound"], job_settings.given_normaliser(*both)
    for word in ("prior", "relevance"):
        own = job_settings.switched(*both, word), job_settings.listing(*both, word)
        made[word] = made["logits"], made["split"], own
    decided = {}
    for method, modality in loaded.study.trained():
        row = loaded.study.methods[method]
        own = job_settings.train_settings(*both, row, modality), job_settings.evaluate_settings(*both, row, modality)
        decided[method, modality] = [
            *own,
            *(made[name] for name in ("source", "split", *modality.split("+"), *row.reads)),
        ]
    return decided
