"""A user's own Snakemake profile, as for a cluster: where and how jobs run, never which run or what they are."""

from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

from overheard.errors import ConfigError

_HOW = {
    *("executor", "jobs", "cores", "local-cores", "resources", "default-resources", "set-resources", "set-threads"),
    *("max-threads", "set-resource-scopes", "preemptible-rules", "preemptible-retries", "groups", "group-components"),
    *("keep-going", "retries", "latency-wait", "envvars", "precommand", "jobscript", "jobname", "shared-fs-usage"),
    *("max-jobs-per-second", "max-jobs-per-timespan", "max-status-checks-per-second", "seconds-between-status-checks"),
    *("container-image", "job-deploy-sources", "local-storage-prefix", "remote-job-local-storage-prefix"),
    *("printshellcmds", "verbose", "quiet", "nocolor", "show-failed-logs", "logger", "immediate-submit"),
    *("scheduler", "scheduler-greediness", "scheduler-subsample", "queue-input-wait-time", "prioritize"),
}
"""Snakemake's own options that a profile may set; those of plug-ins, as of an executor, it may set too."""


def profile_path(given: str) -> str:
    """The file of a profile, by its path or as Snakemake finds it by name.

    Raises:
        ConfigError: there is none, it is not YAML, or it sets what decides which jobs run or what they make.
    """
    from snakemake.cli import get_argument_parser, get_profile_dir
    from snakemake.profiles import ProfileConfigFileParser

    found = get_profile_dir(given) if given else None
    if found is None:
        raise ConfigError(f"--profile {given}: no folder with profile.yaml or config.yaml, and no such file")
    path = Path(found[1])
    try:
        with path.open(encoding="utf-8") as stream, redirect_stderr(StringIO()):
            keys = [str(key) for key in ProfileConfigFileParser().parse(stream)]
    except Exception as error:  # whatever its templates raise
        raise ConfigError(f"{path}: not a profile of Snakemake's ({error})") from error
    options = {word for action in get_argument_parser()._actions for word in action.option_strings}
    own = {word.lstrip("-") for word in options} | {"none"}
    if wrong := [key for key in keys if key.replace("_", "-") in own - _HOW]:
        raise ConfigError(
            f"{path}: {', '.join(wrong)}: a profile may say how and where jobs run, as executor, jobs, "
            "default-resources, latency-wait and its executor's own options, not which run; remove it"
        )
    return str(path.absolute())
