"""Changes, drawn with a fixed seed, in a copy of the project: what status says is what a run then does.

Eight by default, of which each has another outcome; twenty, every kind at least once, in the long tests.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ENVIRON = os.environ | {"OMP_NUM_THREADS": "1", "OVERHEARD_STORE": "store"}

CONFIG = {
    "study": "small",
    "seeds": [0, 1],
    "source": {"kind": "twin", "world": 5, "scale": 0.01, "clips": 2, "scenes": 2, "sounds": 40},
    "networks": {name: {"name": "small", "pretrain": {"epochs": 1}} for name in ("image", "sound")},
    "train": {"learning_rate": 1e-3, "epochs": 1},
}
TABLE = {"published": "Table 2", "title": "Small", "caption": "Small.", "metrics": ["f_score"]}
STUDY = {
    "study": "small",
    "title": "A small study",
    "design": "transfer",
    "data": "ADVANCE",
    "columns": {"image": "Image", "sound": "Sound", "image+sound": "Image + sound"},
    "metrics": {"f_score": {"label": "F-score", "decimals": 2}},
    "published": "config/published/advance.csv",
    "tables": {
        "table2": TABLE | {"blocks": [{"rows": ["scratch", "scene+event"], "columns": ["image"]}]},
        "figure6": TABLE | {"blocks": [{"rows": ["scratch"], "columns": ["image"]}]},
    },
    "methods": {
        "scratch": {"label": "L_s, random start", "reads": [], "uses": []},
        "scene+event": {
            "label": "L_s + L_E",
            "reads": ["encoders", "logits", "prior", "relevance"],
            "uses": ["alpha", "beta", "divergence", "event_reduction", "relevance_loss"],
        },
    },
}


class Project:
    """A copy of the project with a study of two rows, and its results."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.last: dict = {}

    @property
    def results(self) -> Path:
        return self.folder / "results" / "mini"

    def overheard(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "overheard", *arguments]
        environ = ENVIRON | {"PYTHONPATH": str(self.folder / "src")}
        return subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)

    def status(self) -> dict:
        done = self.overheard("status", "mini", "--json")
        assert done.returncode == 0, done.stderr
        self.last = json.loads(done.stdout)
        return self.last

    def run(self) -> subprocess.CompletedProcess:
        done = self.overheard("run", "mini")
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done

    def records(self) -> dict[str, dict]:
        paths = sorted(self.results.rglob("*.record.json"))
        return {path.relative_to(self.folder).as_posix(): json.loads(path.read_text()) for path in paths}

    def circumstances(self) -> dict[str, str]:
        paths = sorted(self.results.rglob("*.circumstance.json"))
        names = (path.relative_to(self.folder).as_posix().replace(".circumstance.", ".record.") for path in paths)
        return {name: path.read_text() for name, path in zip(names, paths, strict=True)}

    def stored(self) -> set[str]:
        """Identities that the store has."""
        return {path.stem for path in (self.folder / "store/records").glob("*/*.json")}

    def config(self) -> dict:
        return yaml.safe_load((self.folder / "config/mini.yaml").read_text())

    def configure(self, **sections: object) -> None:
        content = self.config() | sections
        (self.folder / "config/mini.yaml").write_text(yaml.safe_dump(content))

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.folder / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path}: {text.count(old)} times {old!r}"
        (self.folder / path).write_text(text.replace(old, new), encoding="utf-8")

    def original(self) -> None:
        """Configuration, protocol and source as they were at first."""
        shutil.copytree(self.folder / "first", self.folder, dirs_exist_ok=True)


def _link_heavy(source: str, target: str) -> str:
    """Media and what the store holds are linked, which nobody writes in place; a change may write on an array."""
    heavy = {"draw", "files"} & set(Path(source).parts)
    return os.link(source, target) or target if heavy else shutil.copy2(source, target)


@pytest.fixture(scope="module")
def finished(miniature, tmp_path_factory) -> Project:
    """The finished study; what it has in common with the miniature one was put back from the store of that."""
    folder = tmp_path_factory.mktemp("changes") / "project"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for part in ("src", "workflow", "config"):
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    (folder / "config/studies/small.yaml").write_text(yaml.safe_dump(STUDY))
    (folder / "config/mini.yaml").write_text(yaml.safe_dump(CONFIG))
    for part in ("src", "config"):
        shutil.copytree(folder / part, folder / "first" / part)
    shutil.copytree(miniature / "store", folder / "store", copy_function=_link_heavy)
    project = Project(folder)
    project.run()
    return project


Jobs = set[str]
Check = Callable[[Jobs, Jobs], bool]
"""Whether (scheduled, computed) are as they must be after a change."""


@dataclass(frozen=True)
class Change:
    """What was changed, in words, and what must come of it; `before_run` fixes what a run would refuse."""

    text: str
    holds: Check
    edited: tuple[str, ...] = ()
    before_run: Callable[[], None] = field(default=lambda: None)


def stage(jobs: Jobs, word: str) -> Jobs:
    return {job for job in jobs if job.split("/")[2] == word}


def nothing(scheduled: Jobs, computed: Jobs) -> bool:
    return not scheduled and not computed


def runs_compute(scheduled: Jobs, computed: Jobs) -> bool:
    """Every run computes, nothing before it."""
    before = {"draw", "media", "features", "pretrain", "teacher"}
    trained = stage(scheduled, "train")
    return bool(trained) and trained == stage(computed, "train") and not any(stage(scheduled, word) for word in before)


def learning_rate(project: Project, rng: random.Random) -> Change:
    value = rng.choice([2, 3, 4, 5, 6, 7]) / 1e3 + rng.randrange(1000) / 1e6
    project.configure(train={"learning_rate": value, "epochs": 1})
    return Change(f"train.learning_rate = {value}", runs_compute)


def alpha(project: Project, rng: random.Random) -> Change:
    path = project.folder / "config/protocols/corrected.yaml"
    text, value = path.read_text(), round(rng.uniform(0.2, 0.9), 6)
    old = next(line for line in text.splitlines() if line.startswith("alpha: "))
    path.write_text(text.replace(old, f"alpha: {value}"))
    return Change(f"alpha = {value}", runs_compute)


def there_and_back(project: Project, rng: random.Random) -> Change:
    train = project.config()["train"]
    learning_rate(project, rng)
    project.run()
    project.configure(train=train)
    return Change("train.learning_rate changed, run, changed back", lambda scheduled, computed: not computed)


def pretraining(project: Project, rng: random.Random) -> Change:
    networks, value = project.config()["networks"], rng.randrange(1, 10**6)
    networks["image"]["pretrain"]["seed"] = value
    project.configure(networks=networks)

    def holds(scheduled: Jobs, computed: Jobs) -> bool:
        first = {job for job in computed if job.endswith("pretrain/image.record.json")}
        return stage(scheduled, "pretrain") == first and all("scene+event" in job for job in stage(scheduled, "train"))

    return Change(f"networks.image.pretrain.seed = {value}", holds)


def split(project: Project, rng: random.Random) -> Change:
    value = rng.randrange(1, 10**6)
    project.configure(split={"seed": value})

    def holds(scheduled: Jobs, computed: Jobs) -> bool:
        return any("/media/fold-" in job for job in computed) and not stage(scheduled, "draw")

    return Change(f"split.seed = {value}", holds)


def seed_added(project: Project, rng: random.Random) -> Change:
    seeds = project.config()["seeds"]
    new = rng.choice([seed for seed in range(2, 1000) if seed not in seeds])
    project.configure(seeds=[*seeds, new])
    return Change(
        f"seed {new} added",
        lambda scheduled, computed: (
            stage(scheduled, "train") == stage(computed, "train")
            and all(f"/seed-{new}/" in job for job in stage(scheduled, "train"))
        ),
    )


def seed_removed(project: Project, rng: random.Random) -> Change:
    seeds = project.config()["seeds"]
    gone = rng.choice(seeds) if len(seeds) > 1 else None
    project.configure(seeds=[seed for seed in seeds if seed != gone])
    return Change(f"seed {gone} removed", lambda scheduled, computed: not stage(scheduled, "train"))


def file_deleted(project: Project, rng: random.Random) -> Change:
    record, path = _any_file(project, rng)
    place = project.folder / path
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    # what was there comes back from the store, and with it all after it
    return Change(f"{path} deleted", lambda scheduled, computed: record in scheduled and not computed)


def record_deleted(project: Project, rng: random.Random) -> Change:
    record = rng.choice(_wanted(project))
    (project.folder / record).unlink()
    return Change(f"{record} deleted", lambda scheduled, computed: record in scheduled and not computed)


def result_forgotten(project: Project, rng: random.Random) -> Change:
    record, path = _any_file(project, rng)
    place = project.folder / path
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    identity = project.records()[record]["identity"]
    for entry in (project.folder / "store/records").glob(f"*/{identity}.json"):
        entry.unlink()
    # it computes the same bytes again, so that all after it is put back
    return Change(f"{path} deleted, and its result in the store", lambda scheduled, computed: computed == {record})


def store_entry_removed(project: Project, rng: random.Random) -> Change:
    identity = project.records()[rng.choice(_wanted(project))]["identity"]
    for entry in (project.folder / "store/records").glob(f"*/{identity}.json"):
        entry.unlink()
    return Change(f"store entry {identity[:8]} removed", nothing)


def touched(project: Project, rng: random.Random) -> Change:
    for part in ("results", "config", "src", "workflow"):
        for path in (project.folder / part).rglob("*"):
            os.utime(path, follow_symlinks=False)
    return Change("every file touched", nothing)


def comment(project: Project, rng: random.Random) -> Change:
    path = (
        project.folder
        / "src/overheard"
        / rng.choice(["learning/losses.py", "learning/loop.py", "learning/methods.py", "stages/evaluate.py"])
    )
    text = path.read_text(encoding="utf-8")
    docstring, rest = text.split('"""', 2)[1:]
    path.write_text(f'"""{docstring} {rng.random()}"""{rest}\n# {rng.random()}\n', encoding="utf-8")
    return Change(f"a comment and a docstring of {path.name}", nothing)


def loss(project: Project, rng: random.Random) -> Change:
    factor = 1 + rng.randrange(1, 10**6) / 1e7
    path = project.folder / "src/overheard/learning/losses.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    place = next(row for row, line in enumerate(lines) if "return 1 - cosine_similarity(event_probability" in line)
    lines[place] = f"    return {factor} * (1 - cosine_similarity(event_probability, relevance[label], dim=-1))"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def holds(scheduled: Jobs, computed: Jobs) -> bool:
        trained = stage(scheduled, "train")
        return (
            bool(trained)
            and all("scene+event" in job for job in trained | stage(scheduled, "evaluate"))
            and trained == stage(computed, "train")
            and not any(stage(scheduled, word) for word in ("draw", "media", "features", "pretrain", "teacher"))
        )

    return Change(f"one_minus_cosine times {factor}", holds)


def plot(project: Project, rng: random.Random) -> Change:
    path = project.folder / "src/overheard/scores/plots/f_score_by_method.py"
    text, spread = path.read_text(encoding="utf-8"), round(rng.uniform(0.2, 0.6), 6)
    old = next(line for line in text.splitlines() if line.startswith("_SPREAD = "))
    path.write_text(text.replace(old, f"_SPREAD = {spread}"), encoding="utf-8")
    return Change(
        f"_SPREAD = {spread} in {path.name}",
        lambda scheduled, computed: bool(scheduled) and scheduled == stage(scheduled, "figures"),
    )


def back(project: Project, rng: random.Random) -> Change:
    project.original()
    return Change("all as at first", lambda scheduled, computed: not computed)


def overwritten(project: Project, rng: random.Random) -> Change:
    arrays = sorted(project.results.glob("features/*.npy")) + sorted(project.results.glob("teacher/*.npy"))
    path = rng.choice(arrays)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    name = path.relative_to(project.folder).as_posix()
    return Change(f"{name} overwritten", lambda scheduled, computed: not computed, (name,), path.unlink)


KINDS = [
    *(learning_rate, alpha, there_and_back, pretraining, split, seed_added, seed_removed, file_deleted, record_deleted),
    *(result_forgotten, store_entry_removed, touched, comment, loss, plot, back, overwritten),
]


def _wanted(project: Project) -> list[str]:
    """Records of the study as it was last seen, all fresh; left-over ones are not among them."""
    return list((project.last or project.status())["jobs"])


def _any_file(project: Project, rng: random.Random) -> tuple[str, str]:
    """A job of a stage that is drawn first, and one of its files."""
    wanted = _wanted(project)
    word = rng.choice(sorted({record.split("/")[2] for record in wanted}))
    record = rng.choice([record for record in wanted if record.split("/")[2] == word])
    files = [entry["path"] for entries in project.records()[record]["writes"].values() for entry in entries]
    return record, rng.choice(files)


def drawn(seed: int, count: int) -> list[Callable[[Project, random.Random], Change]]:
    """`count` kinds of change: each at least once."""
    rng = random.Random(seed)
    kinds = [*KINDS, *rng.choices(KINDS, k=count - len(KINDS))]
    rng.shuffle(kinds)
    return kinds


@dataclass
class Outcome:
    """One change: what status said, what then ran and how, and what status said afterwards."""

    change: Change
    before: dict
    listed: str = ""
    ran: dict[str, str] = field(default_factory=dict)
    unknown: Jobs = field(default_factory=set)
    after: dict = field(default_factory=dict)


def carried_out(project: Project, kind: Callable[[Project, random.Random], Change], rng: random.Random) -> Outcome:
    """Make a change, ask status, run, ask again."""
    change = kind(project, rng)
    outcome = Outcome(change, project.status())
    if change.edited:
        assert outcome.before["edited"] == list(change.edited)
        change.before_run()
        outcome.before = project.status()
    earlier, stored = project.circumstances(), project.stored()
    outcome.listed = project.run().stdout
    now = project.circumstances()
    outcome.ran = {job: json.loads(text)["how"] for job, text in now.items() if text != earlier.get(job)}
    outcome.unknown = {job for job in outcome.ran if project.records()[job]["identity"] not in stored}
    # where nothing ran there is nothing new to see
    outcome.after = project.status() if outcome.ran else outcome.before
    return outcome


CHANGES = 20
SEED = 8
EIGHT = [pretraining, file_deleted, loss, comment, seed_added, overwritten, back, result_forgotten]
"""Computed after a setting, put back, after an edit of code, nothing to do, a new run, refused, undone, forgotten."""
TIERS = {"eight": EIGHT, "twenty": drawn(SEED, CHANGES)}
AT_LEAST = {"eight": (4, 2, 1), "twenty": (5, 4, 3)}
"""Changes of a tier that compute, that put back, and after which nothing is to do."""


@pytest.fixture(scope="module")
def outcomes(finished, tmp_path_factory) -> Callable[[str], list[Outcome | BaseException]]:
    """The changes of a tier in two chains, each in a copy of its own, one change upon the other."""
    return cache(lambda tier: _carried_out(finished, TIERS[tier], tmp_path_factory))


def _carried_out(finished: Project, kinds: list, tmp_path_factory) -> list[Outcome | BaseException]:
    chains = 2

    def chain(number: int) -> list[Outcome | BaseException]:
        folder = tmp_path_factory.mktemp("chain") / f"project {number}"
        shutil.copytree(finished.folder, folder, copy_function=_link_heavy)
        project, rng, found = Project(folder), random.Random(f"{SEED} {number}"), []
        for kind in kinds[number::chains]:
            try:
                found.append(carried_out(project, kind, rng))
            except (AssertionError, OSError) as error:
                found += [error] * (len(kinds[number::chains]) - len(found))
                break
        return found

    with ThreadPoolExecutor(chains) as pool:
        parts = list(pool.map(chain, range(chains)))
    return [parts[number % chains][number // chains] for number in range(len(kinds))]


def of_tiers(each: Callable[[str], list]) -> list:
    """Parameters of both tiers; those of the long one are marked."""
    return [
        pytest.param(*values, id="-".join([tier, *names]), marks=[pytest.mark.long] if tier == "twenty" else [])
        for tier in TIERS
        for values, names in each(tier)
    ]


@pytest.fixture(params=of_tiers(lambda tier: [(((tier, n),), [k.__name__]) for n, k in enumerate(TIERS[tier])]))
def outcome(request, outcomes) -> Outcome:
    tier, number = request.param
    found = outcomes(tier)[number]
    if isinstance(found, BaseException):
        raise found
    return found


def test_what_is_scheduled_is_what_runs(outcome):
    scheduled = outcome.before["scheduled"]
    assert set(scheduled) == set(outcome.ran), outcome.change.text
    counted = outcome.listed.split("To do: ")[1].split(" jobs")[0] if "To do: " in outcome.listed else "0"
    assert int(counted) == len(scheduled), outcome.change.text


def test_what_is_to_compute_is_what_computes(outcome):
    computed = {job for job, how in outcome.ran.items() if how == "computed"}
    surely, perhaps = set(outcome.before["to_compute"]), set(outcome.before["to_compute_at_most"])
    # of what reads new bytes, only that computes of which the new bytes were not known already
    assert computed == surely | (perhaps & outcome.unknown), outcome.change.text
    assert set(outcome.before["to_put_back"]) == set(outcome.ran) - surely - perhaps, outcome.change.text


def test_the_right_jobs_run(outcome):
    computed = {job for job, how in outcome.ran.items() if how == "computed"}
    assert outcome.change.holds(set(outcome.ran), computed), (outcome.change.text, outcome.ran)


def test_afterwards_all_is_fresh(outcome):
    assert set(outcome.after["jobs"].values()) == {"fresh"}, outcome.change.text
    assert (outcome.after["scheduled"], outcome.after["edited"]) == ([], []), outcome.change.text


@pytest.mark.parametrize("tier", of_tiers(lambda tier: [((tier,), [])]))
def test_the_changes_try_what_they_are_meant_to(outcomes, tier):
    found = [outcome for outcome in outcomes(tier) if isinstance(outcome, Outcome)]
    compute, put_back, nothing_to_do = AT_LEAST[tier]
    assert sum(bool(each.before["to_compute"]) for each in found) >= compute
    assert sum(bool(each.before["to_compute_at_most"]) for each in found) >= 1
    assert sum(bool(each.before["to_put_back"]) for each in found) >= put_back
    assert sum(bool(each.change.edited) for each in found) >= 1
    assert sum(not each.ran for each in found) >= nothing_to_do
