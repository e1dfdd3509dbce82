"""Weights that others published, which a transfer starts from."""

from overheard.study.installed_weights import given_or_installed
from overheard.study.transfer.experiment import Experiment


def given_weights(experiment: Experiment) -> dict[str, str]:
    """By modality, the file with the weights that its network starts from; of networks that are pre-trained here none.

    Raises:
        ConfigError: the configuration leaves them to the package, which is not installed.
    """
    found, image = {}, experiment.networks.image
    if image.name == "efficientnet_lite0":
        found["image"] = given_or_installed(image.weights, "networks.image", "networks.image.weights")
    if tagger := getattr(experiment.source, "tagger", None):
        found["sound"] = tagger
    return found
