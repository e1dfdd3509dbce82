"""What is said of the ways by which a held-out clip reaches training: a line each, and all lines as a report.

Every way gives a line for each held-out split, also where it could not be examined; `overheard.media.leaks` finds the
clips, docs/leaks.md explains the lines.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

UNSEEN_BY = {"test": ("train", "val"), "val": ("train",)}
COLUMNS = ("way", "clips_of", "found", "of", "allowed", "clips", "remark")
WAYS = {
    "clip": "the clip itself stands in two splits",
    "other_split": "a job that learns or tests read another index or split than the study's",
    "location": "another clip of its location",
    "recording": "another clip of its recording",
    "coordinate": "another clip at its coordinate",
    "near": "another location nearer than the stated distance",
    "file": "its picture or sound, byte for byte, under another id",
    "picture": "its picture under another id, by likeness",
    "sound": "its recording under another id, by likeness",
    "prior": "p(e|s) was made from it",
    "prior_location": "p(e|s) was made from a clip of its location",
    "relevance": "the relevance vectors were made from it",
    "relevance_location": "the relevance vectors were made from a clip of its location",
    "normaliser_picture": "mean and deviation of pictures were made from it",
    "normaliser_picture_location": "mean and deviation of pictures were made from a clip of its location",
    "normaliser_sound": "mean and deviation of sounds were made from it",
    "normaliser_sound_location": "mean and deviation of sounds were made from a clip of its location",
    "teacher_normaliser": "the teacher heard by a mean and deviation of all sounds, its own among them",
    "pretrain_file": "its picture or sound, byte for byte, in a pre-training set",
    "pretrain_picture": "its picture in the pre-training set, by likeness",
    "pretrain_sound": "its recording in the pre-training set, by likeness",
}
_SHOWN = 10


@dataclass(frozen=True)
class Line:
    """One way, for the clips of one held-out split."""

    way: str  # a key of WAYS
    clips_of: str  # test or val
    found: int | None  # clips that reach training by this way; None: not known
    of: int | None  # clips examined; None: could not be examined
    clips: tuple[str, ...] = ()  # every one found, and what it meets
    by_class: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # found, of
    remark: str = ""

    @property
    def examined(self) -> bool:
        """Whether there was something to look at."""
        return self.of is not None

    @property
    def leaks(self) -> bool:
        """Whether clips reach training, or something was made from clips that nobody can name."""
        return self.examined and self.found != 0


@dataclass(frozen=True)
class LeakReport:
    """All lines, and the ways that the protocol allows."""

    title: str
    lines: tuple[Line, ...]
    allowed: frozenset[str] = frozenset()

    @property
    def forbidden(self) -> list[Line]:
        """Lines with a leak that the protocol does not allow."""
        return [line for line in self.lines if line.leaks and line.way not in self.allowed]

    @property
    def has_forbidden(self) -> bool:
        """Whether something leaks that must not."""
        return bool(self.forbidden)

    @property
    def not_examined(self) -> list[Line]:
        """Lines of which nothing is known."""
        return [line for line in self.lines if not line.examined]

    def as_table(self, shown: int = _SHOWN) -> list[dict[str, str]]:
        """A row a line, with the columns of COLUMNS; `clips` names the first ones and counts the rest."""
        return [_row(line, line.way in self.allowed, shown) for line in self.lines]

    def as_markdown(self, shown: int = _SHOWN) -> str:
        """A table for each held-out split, under one sentence that says what was found."""
        text = [f"# Leaks: {self.title}", "", self.summary(), ""]
        for word, met in UNSEEN_BY.items():
            rows = [row for row in self.as_table(shown) if row["clips_of"] == word]
            if rows:
                text += [f"## How clips of `{word}` reach {' or '.join(f'`{name}`' for name in met)}", ""]
                text += [*_markdown(rows), ""]
        return "\n".join(text)

    def summary(self) -> str:
        """One sentence: forbidden, allowed, clean, not examined."""
        leaking = sum(line.leaks for line in self.lines)
        clean = len(self.lines) - leaking - len(self.not_examined)
        return (
            f"{len(self.lines)} lines: {len(self.forbidden)} with a leak that the protocol forbids, "
            f"{leaking - len(self.forbidden)} with one that it allows, {clean} clean, "
            f"{len(self.not_examined)} not examined."
        )


def report(title: str, lines: Iterable[Line], allowed: Collection[str] = ()) -> LeakReport:
    """Put lines together.

    Raises:
        ValueError: `allowed` names no way.
    """
    if unknown := sorted(set(allowed) - set(WAYS)):
        raise ValueError(f"no such way: {', '.join(unknown)}; expected some of {', '.join(WAYS)}")
    order = {way: place for place, way in enumerate(WAYS)}
    lines = sorted(lines, key=lambda line: (order[line.way], line.clips_of != "test"))
    return LeakReport(title, tuple(lines), frozenset(allowed))


def over_folds(by_fold: Mapping[int, Sequence[Line]], one: bool = False) -> list[Line]:
    """The lines of all folds together, one for each way and held-out split; what could not be examined apart.

    A location that one fold tests and another trains on is no leak: each line is of one fold, found and examined clips
    are added up, and a clip found is named with its fold.

    Args:
        by_fold: lines of each fold.
        one: the split is the same in every fold, so that what is found in several is the same.
    """
    groups: dict[tuple[str, str, bool], list[tuple[int, Line]]] = defaultdict(list)
    for fold, lines in by_fold.items():
        for line in lines:
            group = groups[line.way, line.clips_of, line.examined]
            if not (one and line in [known for _, known in group]):
                group.append((fold, line))
    return [
        group[0][1] if len(group) == 1 and (one or len(by_fold) == 1) else _together(group) for group in groups.values()
    ]


def _together(group: Sequence[tuple[int, Line]]) -> Line:
    """One way's lines, each of another fold, as one."""
    lines = [line for _, line in group]
    remarks: dict[str, list[str]] = defaultdict(list)
    for fold, line in group:
        remarks[line.remark].append(str(fold))
    by_class: dict[str, tuple[int, int]] = {}
    for name in sorted({name for line in lines for name in line.by_class}):
        counts = [line.by_class.get(name, (0, 0)) for line in lines]
        by_class[name] = sum(found for found, _ in counts), sum(of for _, of in counts)
    numbers = [line.found for line in lines if line.found is not None]
    return Line(
        lines[0].way,
        lines[0].clips_of,
        sum(numbers) if len(numbers) == len(lines) else None,
        sum(line.of or 0 for line in lines) if lines[0].examined else None,
        tuple(f"fold {fold}: {clip}" for fold, line in group for clip in line.clips),
        by_class,
        "; ".join(text if len(remarks) == 1 else f"fold {', '.join(folds)}: {text}" for text, folds in remarks.items()),
    )


def _row(line: Line, allowed: bool, shown: int) -> dict[str, str]:
    more = len(line.clips) - shown
    found = "not examined" if not line.examined else "unknown" if line.found is None else str(line.found)
    by_class = ", ".join(f"{name} {found}/{of}" for name, (found, of) in line.by_class.items() if found)
    return {
        "way": WAYS[line.way],
        "clips_of": line.clips_of,
        "found": found,
        "of": "" if line.of is None else str(line.of),
        "allowed": "yes" if allowed else "no",
        "clips": ", ".join(line.clips[:shown]) + (f", and {more} more" if more > 0 else ""),
        "remark": "; ".join(part for part in (line.remark, by_class) if part),
    }


def _markdown(rows: Sequence[Mapping[str, str]]) -> list[str]:
    columns = [name for name in COLUMNS if name != "clips_of"]
    titles = ["allowed by the protocol" if name == "allowed" else name for name in columns]
    cells = [[row[name].replace("|", "\\|") for name in columns] for row in rows]
    return ["| " + " | ".join(line) + " |" for line in [titles, ["---"] * len(columns), *cells]]


def not_examined(way: str, why: str) -> list[Line]:
    """The lines of a way of which nothing can be said, and why."""
    return [Line(way, word, None, None, remark=f"not examined: {why}") for word in UNSEEN_BY]
