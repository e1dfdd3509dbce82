"""The versions of what code rests on: Python's and those of distributions. Touches files: what is installed."""

import re
import sys
from functools import cache

from overheard.errors import ConfigError
from overheard.jobs.code.closure import Closure
from overheard.jobs.code.modules import OWN

_IMPORTED_AS = {"PIL": "pillow", "yaml": "PyYAML", "sklearn": "scikit-learn"}
# torch wants them for torch.compile, which is not used here
_DECIDES_NOTHING = {"jinja2", "networkx"}


def environment(code: Closure) -> dict[str, str]:
    """The versions that matter to this code: Python's, its distributions', and of ours those they rest on, one level.

    Raises:
        ConfigError: a package that is used has no version, as it was never installed but lies on the path.
    """
    versions = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    pinned = _requirements(OWN)
    for package in code.packages:
        name = _distribution(package)
        if name is None:
            versions[package] = "absent"
            continue
        resting = [need for need in _requirements(name) if need in pinned and need not in _DECIDES_NOTHING]
        versions |= dict(filter(None, map(_metadata, [name, *resting])))
    return dict(sorted(versions.items()))


@cache
def _metadata(distribution: str) -> tuple[str, str] | None:
    """Name as written by its makers, and version."""
    from importlib import metadata  # 35 ms, which only some need

    try:
        found = metadata.metadata(distribution)
    except metadata.PackageNotFoundError:
        return None
    return found["Name"], found["Version"]


@cache
def _requirements(distribution: str) -> tuple[str, ...]:
    """Names of what a distribution always requires, in the form that compares."""
    from importlib import metadata

    # a source tree may lie on the path beside its installation, with an older list
    found = list(metadata.distributions(name=distribution))
    if not found:
        raise ConfigError(f"{distribution} is not installed; `pip install -e .` in its folder")
    lines = [line for one in found for line in one.requires or []]
    plain = [line for line in lines if "extra ==" not in line]
    return tuple(sorted({re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", line, maxsplit=1)[0]).lower() for line in plain}))


@cache
def _distribution(package: str) -> str | None:
    """The distribution that a top-level package comes from; None if there is no such package here."""
    from importlib import metadata, util

    name = _IMPORTED_AS.get(package, package)
    if _metadata(name) is not None:
        return name
    if found := metadata.packages_distributions().get(package):
        return sorted(found)[0]
    spec = util.find_spec(package)
    if spec is not None:
        raise ConfigError(f"{package} ({spec.origin}) has no version; install it, or name your code from inside it")
    return None
