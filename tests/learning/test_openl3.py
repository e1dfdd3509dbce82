"""OpenL3's networks with filled weights against torchopenl3's and against its own Keras definitions, `openl3.npz`."""

import numpy as np
import pytest
import torch
from openl3_filled import VECTORS, filled, pictures, windows

from overheard.learning.embeddings import FRONT_ENDS, build, embed
from overheard.media.front_ends import openl3_bank

THEIRS = np.load(VECTORS / "openl3.npz")


def embedded(front_end: str, inputs: np.ndarray) -> np.ndarray:
    end = FRONT_ENDS[front_end]
    return embed(end, build(end, filled(front_end), "filled"), inputs)


@pytest.mark.parametrize("norm", ["l1", "slaney"])
def test_the_audio_network_is_torchopenl3s(norm):
    found = embedded("openl3_audio", FRONT_ENDS["openl3_audio"].prepare(windows(), bank=openl3_bank(norm)))
    np.testing.assert_allclose(found, THEIRS[f"audio_embedding_{norm}"], rtol=1e-4, atol=1e-5)
    if norm == "slaney":
        keras = THEIRS["audio_keras_embedding_slaney_window2"]
        np.testing.assert_allclose(found[2], keras, rtol=1e-4, atol=1e-5)


def test_the_image_network_is_openl3s():
    found = embedded("openl3_image", FRONT_ENDS["openl3_image"].prepare(pictures()[:2], image_range="released"))
    np.testing.assert_allclose(found, THEIRS["image_embedding"], rtol=1e-4, atol=1e-5)


def test_the_image_network_on_pictures_of_0_to_1_is_openl3s():
    found = embedded("openl3_image", (pictures()[:2] / np.float32(255)).transpose(0, 3, 1, 2))
    np.testing.assert_allclose(found, THEIRS["image_embedding_unit_range"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("modality", ["audio", "image"])
def test_parameters_are_as_many_as_theirs(modality):
    with torch.device("meta"):
        network = FRONT_ENDS[f"openl3_{modality}"].network()
    assert sum(value.numel() for value in network.parameters()) == THEIRS[f"{modality}_parameter_count"]
