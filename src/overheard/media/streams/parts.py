"""What all readers of sound files' headers share: what a file turned out to hold, and the tags that may surround it."""

from dataclasses import dataclass

_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN", b"3DI")
_RATES = (100, 768_000)  # Hz; beyond, resampling takes minutes or gigabytes, and no recorder writes it


@dataclass(frozen=True)
class Parts:
    """How to hear all of a file.

    Attributes:
        files: complete files to decode one after the other; None where the file itself is one and tells its length.
        cut_off: its end is missing, or a part in the middle.
    """

    files: tuple[bytes, ...] | None = None
    cut_off: bool = False


def check_rate(rate: int) -> None:
    """Refuse a sampling rate (Hz) that nobody records with.

    Raises:
        ValueError: says the rate and its bounds.
    """
    if not _RATES[0] <= rate <= _RATES[1]:
        raise ValueError(f"a sampling rate of {rate} Hz; expected {_RATES[0]} to {_RATES[1]}: mend its header")


def after_tag(content: bytes) -> int:
    """Where the sound begins: behind an ID3v2 tag, if there is one."""
    at = 0
    while content[at : at + 3] == b"ID3" and len(content) >= at + 10:
        size = 0
        for byte in content[at + 6 : at + 10]:
            size = size << 7 | byte & 127
        at += 10 + size + (10 if content[at + 5] & 16 else 0)  # with or without a footer
    return at


def holds_no_sound(content: bytes) -> bool:
    """Whether bytes behind a sound are only a tag, or zeros that fill a block."""
    return content.startswith(_TAGS) or not content.strip(b"\0")
