"""What a person should know about a folder of media, as text."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from overheard.media.indexing import Index
from overheard.media.inspected import Picture, Sound, Video
from overheard.media.names import shown as readable

SILENT_DBFS = -70.0  # quieter than the noise of a 12-bit recording
_LEAST = 0.05  # of its range that an 8-bit picture uses; of 832 real ones, deserts and forests too, each used 30 %
_LEAST_LEVELS = 26  # of 256 for one of more bits: those real ones need 40 or more; 12 bits stored as 16 leave 16
_MOST_BEYOND = 0.05  # of the values of a picture that lie beyond a stated range: clouds and shadows
_ENDINGS = {
    **{"JPEG": ("jpg", "jpeg"), "MPO": ("jpg", "jpeg"), "PNG": ("png",), "TIFF": ("tif", "tiff")},
    **{"WAV": ("wav",), "WAVEX": ("wav",), "RF64": ("wav",), "FLAC": ("flac",), "OGG": ("ogg",), "MP3": ("mp3",)},
}
_SHOWN = 10
_ALIKE = 3  # paths of files of the same bytes


@dataclass
class Clip:
    """What was found in the files of one clip."""

    row: dict[str, str]
    files: list[dict[str, Any]] = field(default_factory=list)  # path, sha256, bytes
    problems: list[str] = field(default_factory=list)
    picture: Picture | None = None
    sound: Sound | None = None
    video: Video | None = None
    loudness_dbfs: float = 0.0
    left_out: bool = False

    @property
    def seconds(self) -> float:
        """Duration of its sound; 0 without one."""
        return self.sound.seconds if self.sound else 0.0


def warnings(clips: Sequence[Clip]) -> list[str]:
    """One line for each kind of oddity."""
    kept = [clip for clip in clips if not clip.left_out]
    heard = [(clip, clip.sound) for clip in clips if clip.sound]
    silent = [f"{_name(clip)} ({clip.loudness_dbfs:.0f} dBFS)" for clip in kept if clip.loudness_dbfs < SILENT_DBFS]
    cut_off = [f"{_name(clip)} ({clip.seconds:.2f} s)" for clip, sound in heard if sound.cut_off]
    mended = [f"{_name(clip)} ({clip.seconds:.2f} s)" for clip, sound in heard if sound.mended and not sound.cut_off]
    loud = [f"{_name(clip)} ({100 * sound.peak:.0f} %)" for clip, sound in heard if sound.peak > 1]
    short = [f"{_name(clip)} ({clip.seconds:.2f} s)" for clip in clips if clip.left_out]
    return [
        *_counted(silent, f"silent or nearly so, under {SILENT_DBFS:.0f} dBFS"),
        *_counted(
            cut_off,
            "with a sound file that ends before its own end or lacks a part (a broken copy?); what could be decoded "
            "is used",
        ),
        *_counted(mended, "with a sound file whose header does not tell its length; all of it is heard"),
        *_counted(loud, "with a sound beyond full scale; used as it is"),
        *_repeated(kept),
        *_of_pictures([(_name(clip), clip.picture) for clip in kept if clip.picture]),
        *_misnamed(kept),
        *_counted(short, "left out, sound under 2 s"),
    ]


def _of_pictures(pictures: Sequence[tuple[str, Picture]]) -> list[str]:
    dark, plain, beyond = [], [], []
    for name, its in pictures:
        low, high = its.limits
        used = f"{name} ({its.lowest:g} to {its.highest:g} of {low:g} to {high:g})"
        if its.levels is not None and its.levels < _LEAST_LEVELS:
            dark.append(f"{used[:-1]}, {its.levels} levels)")
        if its.levels is None and its.highest - its.lowest < _LEAST * (high - low):
            plain.append(used)
        if its.beyond > _MOST_BEYOND:
            beyond.append(f"{name} ({its.lowest:g} to {its.highest:g}, {100 * its.beyond:.0f} %)")
    banded = [name for name, its in pictures if its.bands > 3]
    return [
        *_counted(banded, "with a picture of more than three bands; the bands used stand in the index"),
        *_counted(
            dark,
            f"with a picture that uses little of its range, under {_LEAST_LEVELS} of 256 grey levels for 98 % of it; "
            "say which values are black and white, e.g. source.range: [0, 3000]",
        ),
        *_counted(plain, f"with a picture of nearly one colour, under {100 * _LEAST:.0f} % of its range"),
        *_counted(beyond, "with much of a picture beyond source.range, which becomes black or white"),
    ]


def _misnamed(clips: Sequence[Clip]) -> list[str]:
    """Files whose content is of another kind than their name says; the content decides."""
    found = []
    for clip in clips:
        for part, its in (("image", clip.picture), ("sound", clip.sound)):
            if its is not None and (name := clip.row[part]):
                word = its.kind.partition(" ")[0]
                if name.rpartition(".")[2].lower() not in _ENDINGS[word]:
                    found.append(f"{name} ({word})")
    return _counted(found, "with a file of another kind than its name says; read as what it is")


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
    if films := [clip.video for clip in kept if clip.video]:
        lines += _video_lines(films, [clip.seconds for clip in kept])
    else:
        lines += _sound_lines([clip.seconds for clip in kept if clip.sound])
    if any(clip.picture for clip in kept):
        turned = sum(clip.picture is not None and clip.picture.turned for clip in kept)
        lines.append(f"- pictures turned upright by their EXIF orientation: {turned}")
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
    return "\n".join([*lines, *_ranges(kept)]) + "\n"


def _ranges(clips: Sequence[Clip]) -> list[str]:
    """A table of the values found, a line for each folder and kind of file."""
    found: dict[tuple[str, ...], list[tuple[float, float]]] = defaultdict(list)
    for clip in clips:
        if its := clip.picture:
            low, high = its.limits
            found[_folder(clip.row["image"]), its.kind, f"{low:g} to {high:g}"].append((its.lowest, its.highest))
        if clip.sound:
            peak = round(100 * clip.sound.peak, 1)
            found[_folder(clip.row["sound"] or clip.row["video"]), clip.sound.kind, "peak, % of full scale"].append(
                (peak, peak)
            )
    lines = [
        "",
        "## Ranges",
        "",
        "| folder | kind | files | lowest | highest | of |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for (folder, kind, of), ends in sorted(found.items()):
        lowest, highest = min(low for low, _ in ends), max(high for _, high in ends)
        lines.append(f"| {folder} | {kind} | {len(ends)} | {lowest:g} | {highest:g} | {of} |")
    return lines


def _folder(path: str) -> str:
    """A file's folder, as a cell of a table, which a bar would end."""
    return path.rpartition("/")[0].replace("|", "\\|")


def _video_lines(videos: Sequence[Video], seconds: Sequence[float]) -> list[str]:
    counts = [len(its.times_s) for its in videos]
    kinds = sorted({its.kind for its in videos})
    return [
        f"- durations: {min(seconds):.2f} to {max(seconds):.2f} s; together {sum(seconds) / 60:.1f} minutes",
        f"- frames of a video: {min(counts)} to {max(counts)}; {', '.join(kinds)}",
    ]


def _sound_lines(seconds: Sequence[float]) -> list[str]:
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
