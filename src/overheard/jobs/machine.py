"""The class of machine within which equal bytes are promised."""

import os
import platform
from contextlib import suppress
from functools import cache
from hashlib import sha256
from itertools import takewhile
from pathlib import Path

_KERNELS = {
    "avx512": {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx2", "fma"},
    "avx2": {"avx2", "fma"},
    "sve": {"sve"},
}
"""PyTorch's own conditions for its kernels, the first that holds."""

_ONEDNN = ("CPU_ISA_HINTS", "DEFAULT_FPMATH_MODE", "MAX_CPU_ISA")
CHOOSE_KERNELS = (
    "ATEN_CPU_CAPABILITY",
    "GLIBC_TUNABLES",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "NVIDIA_TF32_OVERRIDE",
    "OPENBLAS_BLOCK_FACTOR",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    # oneDNN reads each by its present name and by its two older ones
    *(f"{name}_{word}" for word in _ONEDNN for name in ("DNNL", "MKLDNN", "ONEDNN")),
)
"""Environment variables by which the libraries choose other instructions, another order of sums, or fewer digits."""


@cache
def machine_class() -> str:
    """The kind of machine, by what changes the last digits of sums: equal bytes are promised only within it.

    The processor's maker is in it, as MKL chooses its kernels by it; so are the graphics processors, and the C library,
    whose sines and exponentials numpy and Python take.
    """
    lines = cpuinfo()
    flags = set((lines.get("flags") or lines.get("Features") or "").split())
    kernels = next((name for name, needed in _KERNELS.items() if needed <= flags), "default")
    maker = lines.get("vendor_id", "").removeprefix("Authentic").removeprefix("Genuine").lower()
    words = [platform.machine(), kernels, maker, "".join(platform.libc_ver()), *_graphics()]
    if chosen := [f"{name}={os.environ[name]}" for name in CHOOSE_KERNELS if name in os.environ]:
        words.append(sha256(" ".join(chosen).encode()).hexdigest()[:8])
    return "-".join(word for word in words if word)


@cache
def cpuinfo() -> dict[str, str]:
    """The first processor's lines as Linux has them; none where this system has no such file."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
        pairs = (line.partition(":") for line in takewhile(str.strip, stream))
        return {name.strip(): value.strip() for name, _, value in pairs}
    return {}


def _graphics() -> list[str]:
    """Models of the graphics processors, sorted, by the driver's word."""
    models = set()
    for place in Path("/proc/driver/nvidia/gpus").glob("*/information"):
        with suppress(OSError):
            lines = [line.partition(":") for line in place.read_text(encoding="utf-8").splitlines()]
            models |= {value.strip().lower().replace(" ", "-") for name, _, value in lines if name == "Model"}
    return sorted(models)
