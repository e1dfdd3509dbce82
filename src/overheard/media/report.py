"""What a person should know about a folder of media, as text."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from overheard.media.indexing import Index
from overheard.media.names import shown as readable

SILENT_DBFS = -70.0  # quieter than the noise of a 12-bit recording
_SHOWN = 10
_ALIKE = 3  # paths of files of the same bytes


@dataclass
class Clip:
    """What was found in the files of one clip."""

    row: dict[str, str]
    files: list[dict[str, Any]] = field(default_factory=list)  # path, sha256, bytes
    problems: list[str] = field(default_factory=list)
    bands: int = 3
    seconds: float | None = None
    loudness_dbfs: float = 0.0
    cut_off: bool = False
    left_out: bool = False


def warnings(clips: Sequence[Clip]) -> list[str]:
    """One line for each kind of oddity: silent, cut off, repeated, four-band, short clips."""
    kept = [clip for clip in clips if not clip.left_out]
    silent = [f"{_name(clip)} ({clip.loudness_dbfs:.0f} dBFS)" for clip in kept if clip.loudness_dbfs < SILENT_DBFS]
    cut_off = [f"{_name(clip)} ({clip.seconds:.2f} s)" for clip in clips if clip.cut_off]
    banded = [_name(clip) for clip in kept if clip.bands > 3]
    short = [f"{_name(clip)} ({clip.seconds:.2f} s)" for clip in clips if clip.left_out]
    return [
        *_counted(silent, f"silent or nearly so, under {SILENT_DBFS:.0f} dBFS"),
        *_counted(
            cut_off, "with a sound file that ends before its own end (a broken copy?); what could be decoded is used"
        ),
        *_repeated(kept),
        *_counted(banded, "with a picture of more than three bands; the bands used stand in the index"),
        *_counted(short, "left out, sound under 2 s"),
    ]


def _counted(names: Sequence[str], what: str) -> list[str]:
    return [f"{len(names)} clips {what}: {_some(names)}"] if names else []


def _repeated(clips: Sequence[Clip]) -> list[str]:
    """One line of the files that several clips share; it counts the clips."""
    owners = defaultdict(list)
    for clip in clips:
        for file in clip.files:
            owners[file["sha256"]].append((file["path"], _name(clip)))
    groups = [sorted(its) for its in sorted(owners.values()) if len(its) > 1]
    if not groups:
        return []
    clips_of = {name for its in groups for _, name in its}
    shown = []
    for its in groups[:_SHOWN]:
        more = f" = {len(its) - _ALIKE} more" if len(its) > _ALIKE else ""
        shown.append(" = ".join(path for path, _ in its[:_ALIKE]) + more)
    more = f" and {len(groups) - _SHOWN} more files" if len(groups) > _SHOWN else ""
    return [f"{len(clips_of)} clips with the bytes of another clip's file: {', '.join(shown)}{more}"]


def _name(clip: Clip) -> str:
    return clip.row["id"]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def text(
    collection: str,
    statistics: Sequence[dict[str, Any]],
    clips: Sequence[Clip],
    warned: Sequence[str],
    found: Index,
) -> str:
    """The report of the media stage, Markdown."""
    kept = [clip for clip in clips if not clip.left_out]
    lines = [f"# Media: {collection}", "", f"- clips: {len(kept)}"]
    if collection != "sounds":
        lines.append(f"- classes: {len(statistics)}")
    lines += _sound_lines(kept)
    if found.unread:
        lines.append(f"- in the folder, not read: {_some(found.unread)}")
    if found.columns:
        lines.append(f"- columns of {found.tables[0]}, not read: {', '.join(map(readable, found.columns))}")
    if found.side_files:
        listed = _some([readable(name) for name in found.side_files])
        lines.append(f"- side files of other programs, passed over: {len(found.side_files)} ({listed})")
    lines += ["", "## Warnings", "", *([f"- {warning}" for warning in warned] or ["None."])]
    left_out = [clip for clip in clips if clip.left_out]
    lines += ["", "## Left out: sound under 2 s", ""]
    lines += [f"- {_name(clip)}: {clip.seconds:.3f} s" for clip in left_out] or ["None."]
    lines += ["", "## Clips by class" if collection != "sounds" else "## Clips by event", ""]
    columns = ("class", "pairs", "locations", "recordings")
    lines += ["| class | clips | locations | recordings |", "| --- | --- | --- | --- |"]
    # a bar in a name would end its cell
    body = [[str(row[key]).replace("|", "\\|") for key in columns] for row in statistics]
    lines += [f"| {' | '.join(cells)} |" for cells in body]
    return "\n".join(lines) + "\n"


def _sound_lines(clips: Sequence[Clip]) -> list[str]:
    seconds = [clip.seconds for clip in clips if clip.seconds is not None]
    if not seconds:
        return []
    # a codec's padding of a few samples makes neither a repeated nor a cut clip
    repeated = sum(duration < 9.99 for duration in seconds)
    cut = sum(duration > 10.01 for duration in seconds)
    return [
        f"- sounds repeated to 10 s: {repeated}",
        f"- sounds cut to a drawn window of 10 s: {cut}",
        f"- durations: {min(seconds):.2f} to {max(seconds):.2f} s",
    ]
