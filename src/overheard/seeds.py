"""Generators of random numbers: made from words and integers, never global."""

from zlib import crc32

import numpy as np


def key(word: str) -> int:
    """A fixed integer in [0, 2**32) for a word, so that streams can be named."""
    return crc32(word.encode())


def generator(*parts: int | str) -> np.random.Generator:
    """A generator that depends on all `parts`, in order, and on nothing else."""
    entropy = [key(part) if isinstance(part, str) else int(part) for part in parts]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))


def integer(*parts: int | str) -> int:
    """A 63-bit integer that depends on all `parts`: the seed of a `torch.Generator`."""
    return int(generator(*parts).integers(2**63 - 1))
