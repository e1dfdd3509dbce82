"""Which job makes a file of `results/NAME`: the record that belongs to a path. Pure; a test holds the rules to it."""

import re

_PATTERNS = (
    # what stands in an experiment's folder, and the job that makes it, without `.record.json`
    (r"draw/(pairs|scenes|sounds)(/.*|\.files\.csv)?", "draw/{}"),
    (r"media/splits\.csv", "media/split"),
    (r"media/((?:scenes|sounds)/)?(?:index\.csv|manifest\.csv|statistics\.csv|report\.md)", "media/{}media"),
    (r"features/normaliser\.npz", "features/normaliser"),
    (r"features/((?:scenes/|sounds/)?[a-z0-9_]+)(?:\.pooled)?\.npy", "features/{}"),
    (r"features/((?:scenes/|sounds/)?[a-z0-9_]+)\.ids\.csv", "features/{}"),
    (r"pretrain/(image|sound)(?:\.pt|\.history\.csv)", "pretrain/{}"),
    (r"teacher/(prior|relevance)\.csv", "teacher/{}"),
    (r"teacher/(?:logits\.npy|logits\.ids\.csv|report\.json|trunk\.npy)", "teacher/teacher"),
    (r"train/([^/]+/[^/]+/seed-\d+)/(?:student\.pt|history\.csv)", "train/{}/student"),
    (r"evaluate/([^/]+/[^/]+)/seed-\d+/(?:predictions\.npz|events\.npz|scores\.json)", "evaluate/{}/evaluate"),
    (r"tables/(?:cells\.csv|metrics\.json)", "tables/cells"),
    (r"tables/([^/]+?)(?:\.cells\.csv|\.csv|\.md|\.tex)", "tables/{}"),
    (r"figures/([^/]+)\.(?:png|pdf)", "figures/{}"),
)
# by their first word: a study of thousands of runs asks for tens of thousands of files
_JOBS = {
    stage: [(re.compile(pattern), job) for pattern, job in _PATTERNS if pattern.startswith(f"{stage}/")]
    for stage in {pattern.partition("/")[0] for pattern, _ in _PATTERNS}
}


def record_of(path: str) -> str | None:
    """The record of the job that makes `results/NAME/...`; a record's own path stays; None where no job makes it."""
    match = re.fullmatch(r"(results/[^/]+)/(.+)", path)
    if match is None:
        return None
    root, rest = match.groups()
    if rest.endswith((".record.json", ".circumstance.json")):
        return f"{root}/{re.sub('[.](record|circumstance)[.]json$', '', rest)}.record.json"
    for pattern, job in _JOBS.get(rest.partition("/")[0], ()):
        if found := pattern.fullmatch(rest):
            return f"{root}/{job.format(found[1] or '') if found.re.groups else job}.record.json"
    return None


def stage_of(record: str) -> str:
    """The folder of a record under `results/NAME`: draw, media, …, figures."""
    return record.split("/")[2]
