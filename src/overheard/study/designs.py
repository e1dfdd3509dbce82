"""The designs that a study file may name; what each must say: `study.loaded.Design`."""

from collections.abc import Mapping

from overheard.study.fusion import design as fusion
from overheard.study.loaded import Design
from overheard.study.transfer import design as transfer

DESIGNS: Mapping[str, Design] = {"transfer": transfer, "fusion": fusion}
"""By the word under `design` of a study file."""
