"""What the teacher N_a^(0), the frozen first sound network with its event classifier, hears in every clip."""

from pathlib import Path
from typing import Any

import numpy as np

from overheard.errors import CheckpointError, ConfigError, MediaError, PairingError
from overheard.io import artifacts, progress
from overheard.io.device import settle
from overheard.io.signature import Reads, Writes
from overheard.learning.models.tagger import Tagger
from overheard.media.moments import band_moments
from overheard.scores.auc import roc_auc

_FEWEST = 5
_INDICES = {str(event) for event in range(527)}
_AUDIBLE = {"1": True, "true": True, "0": False, "false": False}


def teacher(
    sounds: Reads,
    ids: Reads,
    weights: Reads,
    logits: Writes,
    logit_ids: Writes,
    events: Writes,
    report: Writes,
    truth: Reads | None = None,
    device: str = "cpu",
    teacher_normaliser: str = "own",
) -> None:
    """Compute the teacher's event logits of every clip, once, in eval mode.

    Args:
        sounds: log-mels (N,time,band), .npy.
        ids: the ids of its rows, .csv.
        weights: what pretrain wrote for sounds, .pt.
        logits: event logits (N,527) float32, rows in the order of `ids`, .npy.
        logit_ids: the ids of its rows, .csv.
        events: which events the teacher was trained on (index, event, trained as 1 or 0), .csv: of the others its
            logits say nothing, and no loss reads them.
        report: the network, and its AUC on the true events where they are known, .json.
        truth: what can be heard in each clip (id, index, audible), .csv; only simulated clips have it.
        device: cpu or cuda.
        teacher_normaliser: own, mean and deviation of the sounds it was trained on; or study, of all these sounds.
    """
    settle(device)
    clips, values = artifacts.read_clips(sounds, ids)
    if teacher_normaliser not in ("own", "study"):
        raise ConfigError(f"teacher_normaliser: found {teacher_normaliser!r}; expected own or study")
    content = artifacts.read_weights(weights)
    moments = _study_moments(values, content["network"]) if teacher_normaliser == "study" else None
    tagger = Tagger(content, str(weights), device, moments)
    known = _true_events(truth, clips) if truth else None

    heard = _hear_all(tagger, values)
    if not np.isfinite(heard).all():
        raise CheckpointError(f"{weights}: the tagger's outputs are no numbers (not finite); give other weights")

    artifacts.write_array(logits, heard)
    artifacts.write_ids(logit_ids, clips)
    names = enumerate(artifacts.event_names())
    lines = [{"index": place, "event": name, "trained": int(place in tagger.trained)} for place, name in names]
    artifacts.write_table(events, ["index", "event", "trained"], lines)
    about = {"network": tagger.network, "clips": len(clips)}
    artifacts.write_json(report, about | _report(known, heard))


def _study_moments(sounds: np.ndarray, network: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (band,) of all clips: the released program has those of an older split's training clips.

    Raises:
        ConfigError: the network's front end scales itself.
    """
    if network == "mn04":
        raise ConfigError("teacher_normaliser: found study, but the front end of mn04 scales itself; set it to own")
    mean, deviation = band_moments(sounds, range(len(sounds)))
    return mean, np.where(deviation == 0, 1.0, deviation)


def _hear_all(tagger: Tagger, sounds: np.ndarray) -> np.ndarray:
    """Logits (clips, events) of all sounds."""
    parts = []
    for rows, logits in tagger.hear(sounds):
        parts.append(logits)
        progress.step(rows.stop, len(sounds), "clips heard")
    return np.concatenate(parts)


def _true_events(truth: Path, clips: list[str]) -> np.ndarray:
    """(clips, events) bool: what is there and can be heard."""
    known = np.zeros((len(clips), len(artifacts.event_names())), dtype=bool)
    place = {clip: row for row, clip in enumerate(clips)}
    # a clip may have been left out of the index since it was drawn
    rows = [row for row in artifacts.read_table(truth, ["id", "index", "audible"]) if row["id"] in place]
    if not rows:
        raise PairingError(f"{truth}: none of its ids is among the {len(clips)} clips heard; it belongs to other clips")
    for row in rows:
        if row["audible"].lower() not in _AUDIBLE or row["index"] not in _INDICES:
            raise MediaError(
                f"{truth}: {row}: expected index 0 to {known.shape[1] - 1} and audible 1 or 0; draw it again"
            )
        known[place[row["id"]], int(row["index"])] |= _AUDIBLE[row["audible"].lower()]
    return known


def _report(known: np.ndarray | None, logits: np.ndarray) -> dict[str, Any]:
    if known is None:
        return {"truth": "not known: these clips come without a list of what can be heard"}
    names = artifacts.event_names()
    positive, areas = known.sum(axis=0), roc_auc(known, logits)
    counted = np.flatnonzero((positive >= _FEWEST) & ~np.isnan(areas))
    events = {names[event]: {"auc": float(areas[event]), "clips": int(positive[event])} for event in counted}
    return {
        "truth": f"events with at least {_FEWEST} clips in which they are audible",
        "auc_macro": float(areas[counted].mean()) if len(counted) else None,
        "n_events": len(counted),
        "events": events,
    }
