"""The order of the classes: of labels, of the rows of heads, and of what a split draws by a class's number."""

from collections.abc import Callable, Iterable, Mapping

RELEASED = (
    *("forest", "harbour", "farmland", "grassland", "airport", "sports land", "bridge", "beach", "residential"),
    *("orchard", "train station", "lake", "sparse shrub land"),
)
"""Labels 0 to 12 of the released program: the order of its authors' folder (keys of its `av-geotag.npy`)."""


def alphabetical(classes: Iterable[str]) -> list[str]:
    """By name."""
    return sorted(classes)


def released(classes: Iterable[str]) -> list[str]:
    """In the released order; classes that it does not have come after, by name."""
    place = {name: number for number, name in enumerate(RELEASED)}
    return sorted(classes, key=lambda name: (place.get(name, len(RELEASED)), name))


ORDERS: Mapping[str, Callable[[Iterable[str]], list[str]]] = {"alphabetical": alphabetical, "released": released}
"""As a protocol names them."""
