"""Which job makes a file of `results/NAME`: the record that belongs to a path. Pure; a test holds the rules to it."""

import re

_JOBS = (
    # what stands in an experiment's folder, and the job that makes it, without `.record.json`
    (r"draw/(pairs|scenes|sounds)(/.*|\.files\.csv)?", r"draw/\1"),
    (r"media/splits\.csv", "media/split"),
    (r"media/((?:scenes|sounds)/)?(?:index\.csv|manifest\.csv|statistics\.csv|report\.md)", r"media/\1media"),
    (r"features/normaliser\.npz", "features/normaliser"),
    (r"features/((?:scenes/|sounds/)?[a-z0-9_]+)(?:\.pooled)?\.npy", r"features/\1"),
    (r"features/((?:scenes/|sounds/)?[a-z0-9_]+)\.ids\.csv", r"features/\1"),
    (r"pretrain/(image|sound)(?:\.pt|\.history\.csv)", r"pretrain/\1"),
    (r"teacher/(prior|relevance)\.csv", r"teacher/\1"),
    (r"teacher/(?:logits\.npy|logits\.ids\.csv|report\.json|trunk\.npy)", "teacher/teacher"),
    (r"train/([^/]+/[^/]+/seed-\d+)/(?:student\.pt|history\.csv)", r"train/\1/student"),
    (r"evaluate/([^/]+/[^/]+)/seed-\d+/(?:predictions\.npz|events\.npz|scores\.json)", r"evaluate/\1/evaluate"),
    (r"tables/(?:cells\.csv|metrics\.json)", "tables/cells"),
    (r"tables/([^/]+?)(?:\.cells\.csv|\.csv|\.md|\.tex)", r"tables/\1"),
    (r"figures/([^/]+)\.(?:png|pdf)", r"figures/\1"),
)


def record_of(path: str) -> str | None:
    """The record of the job that makes `results/NAME/...`; a record's own path stays; None where no job makes it."""
    match = re.fullmatch(r"(results/[^/]+)/(.+)", path)
    if match is None:
        return None
    root, rest = match.groups()
    if rest.endswith((".record.json", ".circumstance.json")):
        return f"{root}/{re.sub('[.](record|circumstance)[.]json$', '', rest)}.record.json"
    for pattern, job in _JOBS:
        if found := re.fullmatch(pattern, rest):
            return f"{root}/{found.expand(job)}.record.json"
    return None


def stage_of(record: str) -> str:
    """The folder of a record under `results/NAME`: draw, media, …, figures."""
    return record.split("/")[2]
