"""The event atlas in words: what its numbers are, and a page of telling events with clips to hear."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

from overheard.scores.origin import Origin
from overheard.scores.tabular import markdown_text

_PRIOR_OF = {
    "training_locations": "training clips of fold {fold}",
    "seventy_percent": "70 % of all clips, as the released program draws them: TEST CLIPS ARE AMONG THEM",
    "all": "all clips, as the paper says: TEST CLIPS ARE AMONG THEM",
}
_ROWS = {
    "permuted": "CONTROL: each scene has the next one's row of p(e|s).",
    "equal": "CONTROL: all scenes have the mean row of p(e|s).",
}
NONE = "no event is both probable enough in a scene and more probable there than in the mean of the scenes"


def sentences(basis: Mapping[str, Any]) -> list[str]:
    """What an atlas shows, of which clips.

    Args:
        basis: fold, clips by scene, least, events, prior_clips, rows, as the stage `atlas` wrote them.
    """
    fold = "the data's own split" if basis["fold"] is None else f"{basis['fold']}"
    counts = list(basis["clips"].values())
    few = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    return [
        f"p(e|s) and d_k: by the teacher, of {_PRIOR_OF[basis['prior_clips']].format(fold=fold)}; of its "
        f"{basis['events']} trained events.",
        "Telling: largest lift, p(e|s) over its mean over the scenes, of events with p(e|s) at least "
        f"{basis['least']:g} there.",
        f"Clips: of the training split of fold {fold} alone ({few} a scene), those in which the teacher is surest, "
        "one a location.",
        *([_ROWS[basis["rows"]]] if basis["rows"] in _ROWS else []),
    ]


def page(
    experiment: str,
    source: Origin,
    folder: str,
    basis: Mapping[str, Any],
    telling: Sequence[Mapping[str, Any]],
    examples: Sequence[Mapping[str, Any]],
) -> str:
    """The atlas as Markdown.

    Args:
        experiment: its name.
        source: whose pictures and sounds these are.
        folder: of the pairs' media, below which the paths of the clips lie.
        basis: as for `sentences`.
        telling: lines with scene, event, probability, lift, relevance, and rank where the event tells the scene.
        examples: lines with scene, event, id, probability, sound, start_s, image.
    """
    lines = [
        f"# Event atlas of {markdown_text(experiment)}",
        "",
        source.sentence,
        *sentences(basis),
        "",
        f"Clips lie in `{folder}`.",
        "",
        "| scene | event | lift | p(e given s) | d_k | clips to hear (teacher's probability) |",
        "|---|---|--:|--:|--:|---|",
    ]
    heard = {key: list(own) for key, own in groupby(examples, key=lambda line: (line["scene"], line["event"]))}
    places = {scene: place for place, scene in enumerate(basis["clips"])}
    own = sorted((line for line in telling if line["rank"]), key=lambda line: (places[line["scene"]], line["rank"]))
    for line in own:
        clips = "; ".join(_clip(clip, folder) for clip in heard.get((line["scene"], line["event"]), ()))
        lines.append(
            f"| {markdown_text(line['scene'])} | {markdown_text(line['event'])} | {line['lift']:.2f} | "
            f"{line['probability']:.3f} | {line['relevance']:.3f} | {clips} |"
        )
    silent = [scene for scene in basis["clips"] if scene not in {line["scene"] for line in own}]
    if silent:
        lines += ["", f"Without a telling event: {markdown_text(', '.join(silent))}: {NONE}."]
    return "\n".join([*lines, ""])


def _clip(clip: Mapping[str, Any], folder: str) -> str:
    start = f" from {float(clip['start_s']):g} s" if float(clip["start_s"] or 0) else ""
    # the page lies in results/NAME/atlas or reference/NAME/atlas; a relative folder is one of the working folder's
    place = folder if folder.startswith("/") else f"../../../{folder}"
    # a name of a user's folder may have what Markdown takes as its own
    sound, image = (f"[{word}](<{quote(f'{place}/{clip[word]}')}>)" for word in ("sound", "image"))
    return f"{markdown_text(clip['id'])} ({clip['probability']:.2f}): {sound}{start}, {image}"
