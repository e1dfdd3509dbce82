"""How sure the runs of some rows are, and how often they are right: by bins, and as calibration error."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from overheard.io import artifacts, progress
from overheard.io.signature import Reads, Writes
from overheard.io.tested import read_said
from overheard.scores.reliability import binned, calibration_error, confidence

BINS = ("method", "modality", "low", "high", "clips", "confidence", "accuracy")
CALIBRATION = ("method", "modality", "seed", "fold", "clips", "confidence", "accuracy", "error")


@dataclass(frozen=True)
class Settings:
    """How predictions are put together."""

    bins: int | None = None  # of equal width; 10


def reliability(
    settings: Settings,
    bins: Writes,
    calibration: Writes,
    scores: list[Reads] | None = None,
    predictions: list[Reads] | None = None,
) -> None:
    """Bin the predictions of each row, all seeds together, by how sure they are; the calibration error of each run.

    Args:
        settings: how many bins.
        bins: of each row and bin its clips, mean confidence and accuracy, as fractions; empty of no clip (.csv).
        calibration: of each run the same of all clips, and the expected calibration error, as fractions (.csv).
        scores: scores.json of each run; these two are none if every row is left out.
        predictions: of each run, in the same order.
    """
    n_bins = settings.bins or 10
    rows: dict[tuple[str, str], list[tuple[np.ndarray, np.ndarray]]] = {}
    runs = []
    for scored, predicted in zip(scores or (), predictions or (), strict=True):
        said = read_said(scored, predicted)
        sure = confidence(artifacts.read_arrays(predicted)["scene_logits"])
        right = said.predicted == said.label
        rows.setdefault((said.run["method"], said.run["modality"]), []).append((sure, right))
        fold = said.run["fold"]
        runs.append(
            {key: said.run[key] for key in ("method", "modality", "seed")}
            | {"fold": "" if fold is None else fold, "clips": len(sure)}
            | _rounded({"confidence": float(sure.mean()), "accuracy": float(right.mean())})
            | _rounded({"error": calibration_error(binned(sure, right, n_bins))})
        )
    of_rows = {row: binned(*map(np.concatenate, zip(*its, strict=True)), n_bins) for row, its in rows.items()}
    lines = [
        {"method": row[0], "modality": row[1], "clips": one.clips}
        | _rounded({name: getattr(one, name) for name in ("low", "high", "confidence", "accuracy")})
        for row, found in of_rows.items()
        for one in found
    ]

    artifacts.write_table(bins, BINS, lines)
    artifacts.write_table(calibration, CALIBRATION, runs)
    progress.step(1, 1, f"{len(runs)} runs of {len(of_rows)} rows")


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | str]:
    return {name: "" if value is None else round(value, 6) for name, value in values.items()}
