"""Which clips are shown."""

from overheard.media.chosen import first_of_each_class

CLIPS = {
    "00007_1": ("lake", "00007"),
    "00003_2": ("lake", "00003"),
    "00003": ("lake", "00003"),
    "00009": ("lake", "00009"),
    "00001": ("forest", "00001"),
}


def test_the_first_clip_of_each_of_the_first_locations_whatever_the_order_given():
    expected = ["00001", "00003", "00007_1"]
    assert first_of_each_class(CLIPS, 2) == expected
    assert first_of_each_class(dict(reversed(CLIPS.items())), 2) == expected
    assert first_of_each_class(CLIPS, 5) == [*expected, "00009"]
