"""The stages in the order of the flow: their records and files; the only place with path patterns.

Patterns are relative to `results/NAME`; names in braces are what a stage's jobs differ in. Pure and light: each job's
command imports it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Stage(NamedTuple):
    """One stage: a command, a rule, a results folder, a log folder.

    Attributes:
        help: its line in `overheard --help`.
        record: where a job's record lies, without suffix; its log has the same name under `logs/NAME`.
        writes: its files by flag, of which a design may have some alone; a folder ends in a slash; a name that the
            record does not have is a list of files.
        git: flags of the files that git keeps when results are saved; the rest goes into archives.
        reference: flags of the files that a reference run in git has.
        final: nothing needs to read what it makes.
        shown: it is made only for the figures that read it, of the rows that they show.
        warm: it imports torch, which takes seconds: a run imports it once for all its jobs.
    """

    help: str
    record: str
    writes: Mapping[str, str]
    git: Sequence[str] = ()
    reference: Sequence[str] = ()
    final: bool = False
    shown: bool = False
    warm: bool = False


RUN = "{method}/{modality}/seed-{seed}"
"""A run's name."""
VIEWS: Mapping[str, Mapping[str, str]] = {"pieces": {"predictions": "pieces", "scores": "piece_scores"}}
"""Columns that show other scores of a test than its own: the flags of their files, in place of those two."""
_MEDIA = "media/{part}"
_ARRAY = "features/{part}{front_end}"
_FOLD = "fold-{fold}"

STAGES = {
    "draw": Stage(
        "Draw the simulated twin's pictures and sounds.", "draw/{collection}", {"media": "draw/{collection}/"}
    ),
    "media": Stage(
        "Index and check a folder of pictures and sounds.",
        f"{_MEDIA}media",
        {
            **{name: f"{_MEDIA}{name}.csv" for name in ("index", "manifest", "statistics")},
            "report": f"{_MEDIA}report.md",
        },
        reference=("index", "manifest", "statistics", "report"),
    ),
    "split": Stage(
        "Divide locations into train, val and test, for one fold.",
        f"media/{_FOLD}/split",
        {"splits": f"media/{_FOLD}/splits.csv"},
        git=("splits",),
        reference=("splits",),
    ),
    "features": Stage(
        "Turn pictures and sounds into arrays, once.",
        _ARRAY,
        {
            "array": f"{_ARRAY}.npy",
            "pooled": f"{_ARRAY}.pooled.npy",
            "ids": f"{_ARRAY}.ids.csv",
            "windows": f"{_ARRAY}.windows.csv",
        },
    ),
    "samples": Stage(
        "A pair of each class, small, for figures.",
        "samples/samples",
        {"pairs": "samples/pairs.npz"},
        git=("pairs",),
        reference=("pairs",),
        shown=True,
    ),
    "normaliser": Stage(
        "Mean and deviation of the training split.",
        f"features/{_FOLD}/normaliser",
        {
            f"{name}_normaliser": f"features/{_FOLD}/normaliser.{name}.npz"
            for name in ("image", "sound", "audio", "video")
        },
    ),
    "pretrain": Stage(
        "Train a network before any scene of the study is seen.",
        "pretrain/{encoder}",
        {"weights": "pretrain/{encoder}.pt", "history": "pretrain/{encoder}.history.csv"},
        git=("history",),
        warm=True,
    ),
    "frozen": Stage(
        "What the frozen lower blocks of a network make of every clip.",
        "frozen/{encoder}",
        {"outputs": "frozen/{encoder}.npy", "output_ids": "frozen/{encoder}.ids.csv"},
        warm=True,
    ),
    "teacher": Stage(
        "What the frozen tagger hears in every clip.",
        "teacher/teacher",
        {
            "logits": "teacher/logits.npy",
            "logit_ids": "teacher/logits.ids.csv",
            "events": "teacher/events.csv",
            "report": "teacher/report.json",
        },
        warm=True,
    ),
    "shuffle": Stage(
        "A control: exchange what the tagger hears, or frames, between clips of a split.",
        f"teacher/{_FOLD}/shuffle",
        {
            "shuffled_ids": f"teacher/{_FOLD}/logits.ids.csv",
            "shuffled_windows": f"features/{_FOLD}/video.windows.csv",
        },
    ),
    "prior": Stage(
        "p(event | scene) from training locations.",
        f"teacher/{_FOLD}/prior",
        {"prior": f"teacher/{_FOLD}/prior.csv"},
    ),
    "relevance": Stage(
        "The relevance vector d_k of each scene.",
        f"teacher/{_FOLD}/relevance",
        {"relevance": f"teacher/{_FOLD}/relevance.csv"},
    ),
    "train": Stage(
        "Train one student: one method, modality and seed.",
        f"train/{RUN}/student",
        {"student": f"train/{RUN}/student.pt", "history": f"train/{RUN}/history.csv"},
        git=("history",),
        reference=("history",),
        warm=True,
    ),
    "evaluate": Stage(
        "Test the students of one row.",
        "evaluate/{method}/{modality}/evaluate",
        {
            "predictions": f"evaluate/{RUN}/predictions.npz",
            "events": f"evaluate/{RUN}/events.npz",
            "scores": f"evaluate/{RUN}/scores.json",
            "pieces": f"evaluate/{RUN}/pieces.npz",
            "piece_scores": f"evaluate/{RUN}/pieces.json",
        },
        git=("predictions", "scores", "pieces", "piece_scores"),
        reference=("predictions", "scores", "pieces", "piece_scores"),
        warm=True,
    ),
    "baselines": Stage(
        "Fit and test one dull baseline: what a student must beat.",
        f"baselines/{RUN}/baselines",
        {"predictions": f"baselines/{RUN}/predictions.npz", "scores": f"baselines/{RUN}/scores.json"},
        git=("predictions", "scores"),
        reference=("predictions", "scores"),
    ),
    "statistics": Stage(
        "Compare every two rows of a table: intervals, tests, what would decide.",
        "statistics/{table}",
        {"comparisons": "statistics/{table}.comparisons.csv", "report": "statistics/{table}.md"},
        git=("comparisons", "report"),
        reference=("comparisons", "report"),
        final=True,
    ),
    "tables": Stage(
        "One table from the scores of its runs.",
        "tables/{table}",
        {
            "cells": "tables/{table}.cells.csv",
            "csv": "tables/{table}.csv",
            "markdown": "tables/{table}.md",
            "latex": "tables/{table}.tex",
        },
        git=("cells", "csv", "markdown", "latex"),
        reference=("cells", "csv", "markdown", "latex"),
        final=True,
    ),
    "cells": Stage(
        "All tables' cells in one file.",
        "tables/cells",
        {"cells": "tables/cells.csv", "metrics": "tables/metrics.json"},
        git=("cells", "metrics"),
        reference=("cells", "metrics"),
        final=True,
    ),
    "counts": Stage(
        "A table of the clips themselves: how many, of which scenes.",
        "counts/{counted}",
        {"csv": "counts/{counted}.csv", "markdown": "counts/{counted}.md", "latex": "counts/{counted}.tex"},
        git=("csv", "markdown", "latex"),
        reference=("csv", "markdown", "latex"),
        final=True,
    ),
    "claims": Stage(
        "What the paper says of its rows, judged.",
        "claims/claims",
        {"verdicts": "claims/verdicts.csv", "markdown": "claims/claims.md"},
        git=("verdicts", "markdown"),
        reference=("verdicts", "markdown"),
        final=True,
    ),
    "maps": Stage(
        "Class activation maps of one row, and whether they point at the object.",
        "maps/{method}/{modality}/maps",
        {"pointing": "maps/{method}/{modality}/pointing.csv", "activations": "maps/{method}/{modality}/maps.npz"},
        git=("pointing",),
        reference=("pointing",),
        shown=True,
        warm=True,
    ),
    "atlas": Stage(
        "The events that tell each scene, and clips to hear them in.",
        "atlas/{figure}",
        {
            "telling": "atlas/{figure}.csv",
            "examples": "atlas/{figure}.examples.csv",
            "basis": "atlas/{figure}.json",
            "markdown": "atlas/{figure}.md",
        },
        git=("telling", "examples", "basis", "markdown"),
        reference=("telling", "examples", "basis", "markdown"),
        shown=True,
    ),
    "embedding": Stage(
        "A map of the test clips by their events, and how far scenes are apart.",
        "embedding/{figure}",
        {"points": "embedding/{figure}.points.csv", "separation": "embedding/{figure}.csv"},
        git=("points", "separation"),
        shown=True,
    ),
    "reliability": Stage(
        "How sure the rows of a figure are, and how often they are right.",
        "reliability/{figure}",
        {"bins": "reliability/{figure}.bins.csv", "calibration": "reliability/{figure}.csv"},
        git=("bins", "calibration"),
        reference=("bins", "calibration"),
        shown=True,
    ),
    "figures": Stage(
        "One figure.",
        "figures/{figure}",
        {"png": "figures/{figure}.png", "pdf": "figures/{figure}.pdf"},
        git=("png", "pdf"),
        final=True,
    ),
}
"""Every stage in the order of the flow."""

FINAL_STAGES = tuple(stage for stage, its in STAGES.items() if its.final)
"""Stages that nothing needs to read: what a study is for."""

PARTS = {"pairs": "", "scenes": "scenes/", "sounds": "sounds/"}
"""Collections of media, and the folder of each below `media/` and `features/`."""

WILDCARDS = {
    "collection": "[a-z]+",
    "part": "|".join(PARTS.values()),
    "front_end": "[a-z0-9_]+",
    "encoder": "image|sound|small",
    "seed": r"\d+",
    "fold": r"\d+",
}
"""What may stand for a name in braces, as a regular expression; other names take anything but a slash."""
