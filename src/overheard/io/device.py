"""The device that networks run on, set up so that the same work gives the same bytes."""

import os

import torch

from overheard.errors import ConfigError


def settle(device: str) -> None:
    """One thread, no denormals, deterministic kernels: the same bytes on every run of this process.

    Raises:
        ConfigError: `cuda` without a GPU.
    """
    if device == "cuda":
        if not torch.cuda.is_available():
            raise ConfigError("device: found 'cuda', but torch sees no GPU here; set device to 'cpu'")
        # cuBLAS is deterministic with this workspace alone, and reads it when it first starts
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(True)
    # would fill every new tensor with NaN first; kernels that read what they did not write raise anyway
    torch.utils.deterministic.fill_uninitialized_memory = False
