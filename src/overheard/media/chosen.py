"""Which clips are shown: chosen by their names alone, before anything was computed on them."""

from collections.abc import Mapping


def first_of_each_class(clips: Mapping[str, tuple[str, str]], at_most: int) -> list[str]:
    """The first clip, by id, of each of the first locations of every class.

    Clips of one location are nearly the same picture, so a location is shown once.

    Args:
        clips: class and location of each clip, by id.
        at_most: locations of a class.

    Returns:
        Ids, by class and then by id.
    """
    taken: dict[str, dict[str, str]] = {}
    for clip in sorted(clips):
        scene, location = clips[clip]
        own = taken.setdefault(scene, {})
        if len(own) < at_most:
            own.setdefault(location, clip)
    return [clip for scene in sorted(taken) for clip in taken[scene].values()]
