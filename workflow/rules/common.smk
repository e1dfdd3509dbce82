import contextlib
import gc
import json
import os
import shlex
import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError

from overheard.study import job_settings
from overheard.errors import OverheardError
from overheard.study.config import Experiment, check, load_protocol, load_study
from overheard.jobs.code import closure, versions
from overheard.io.parent_death import PARENT
from overheard.jobs.store import content_digest
from overheard.study.layout import record_of
from overheard.io.progress import SOCKET

# a plan of thousands of jobs makes millions of objects, all of which stay: looking for others took an eighth of its time
gc.set_threshold(1_000_000, 100, 100)

ROOT = Path(workflow.basedir).parent
NAME = Path(workflow.configfiles[-1]).stem
# runs that `overheard run --partial` knows to be missing, as method/modality/seed-k
ABSENT = config.pop("absent", [])
EXPERIMENT = check(Experiment, config, f"config/{NAME}.yaml")
PROTOCOL = load_protocol(ROOT, EXPERIMENT)
STUDY = load_study(ROOT, EXPERIMENT)
LEFT_OUT = job_settings.left_out(EXPERIMENT, STUDY)
SEEDS = EXPERIMENT.seeds
TWIN = EXPERIMENT.source.kind == "twin"
TAGGER = getattr(EXPERIMENT.source, "tagger", None)
PARTS = {"pairs": "", "scenes": "scenes/", "sounds": "sounds/"}
PARTS_HERE = [PARTS[collection] for collection in job_settings.parts(EXPERIMENT, STUDY)]

# jobs call the command of this very environment, also where it was not activated
# and end with this process; bash makes its last command its own process, so the job is a child of this one
shell.prefix(
    f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH {PARENT}={os.getpid()}; "
)


wildcard_constraints:
    experiment=NAME.replace(".", r"\."),
    part="|".join(PARTS.values()),
    collection="|".join(PARTS),
    front_end="images|paper|tagger_mn04",
    encoder="image|sound",
    modality="|".join(
        modality.replace("+", r"\+") for modality in job_settings.MODALITIES
    ),
    method=r"[^/]+",
    seed=r"\d+",
    table="|".join(STUDY.tables),


def as_json(settings):
    """Settings as they stand in a command and in Snakemake's records: equal settings are equal text."""
    return json.dumps(settings, sort_keys=True)


LOCKS = contextlib.ExitStack()


def lock_results():
    """Refuse to work beside another run of the experiment; let go when this process ends."""
    from overheard.errors import OverheardError
    from overheard.scheduling.lock import only_run

    try:
        LOCKS.enter_context(only_run(NAME))
    except OverheardError as error:
        raise WorkflowError(str(error)) from error


def collection(part):
    return part.rstrip("/") or "pairs"


def media_folder(part):
    """The folder of a collection's media: drawn under results, or the user's own."""
    if TWIN:
        return f"results/{NAME}/draw/{collection(part)}"
    return getattr(EXPERIMENT.source, collection(part))


def of_project(path):
    """A file of the project: relative where jobs run in its folder, so that records are the same in every clone."""
    return path if Path.cwd() == ROOT else str(ROOT / path)


def outside(part):
    """A user's folder of media, which no job makes: nothing for the twin, which is drawn here."""
    return [] if TWIN else [media_folder(part)]


def drawn(part):
    """The media folder as something a job reads, where this workflow makes it."""
    return [media_folder(part)] if TWIN else []


def records_of(files):
    """The records of the jobs that make some files: small, so that Snakemake compares contents and not times."""
    listed = [
        path
        for value in files.values()
        for path in ([value] if isinstance(value, str) else value)
    ]
    return list(dict.fromkeys(record_of(path) for path in listed))


def awaited(files):
    """The records of `records_of` but for those of files that another of these jobs read itself.

    Such a job's record has the content of what it read, so it changes with them; and of thousands of runs, each record
    more that a run waits for takes Snakemake its time.
    """
    read = {
        f"results/{NAME}/features/normaliser.npz": NORMALISED,
        f"results/{NAME}/teacher/prior.csv": TAUGHT,
        f"results/{NAME}/teacher/relevance.csv": TAUGHT,
    }
    told = {path for file in files.values() for path in read.get(file, {}).values()}
    return records_of({name: path for name, path in files.items() if path not in told})


@cache
def code_and_environment(stage, method):
    """What a job is planned with; looked up once for all jobs alike."""
    reached = closure.stage_code(stage, method)
    return {"code": reached.digest, "environment": versions.environment(reached)}


def record_flags(input):
    """The records of the jobs that a job reads from, as flags."""
    return _record_flags(tuple(map(str, input)))


@cache
def _record_flags(files):
    return flags({"records": [path for path in files if path.endswith(".record.json")]})


def planned(stage, method=None, outside=()):
    """What a job is planned with: code, environment, outside data. Must not depend on `input` or `output`: Snakemake does
    not compare such params (they are "derived"), and a change would schedule nothing.
    """
    digests = {path: content_digest(Path(path)) for path in outside}
    return as_json(code_and_environment(stage, method) | {"outside": digests})


def features_of(modality, part=""):
    """The array a modality's network reads, and its ids."""
    name = job_settings.array(EXPERIMENT, modality)
    folder = f"results/{NAME}/features/{part}"
    return f"{folder}{name}.npy", f"{folder}{name.split('.')[0]}.ids.csv"


def student_arrays(method):
    """Inputs of training and evaluation: both modalities' arrays by key."""
    images, image_ids = features_of("image")
    sounds, sound_ids = features_of("sound")
    if job_settings.frozen_blocks(EXPERIMENT, STUDY.methods[method].needs):
        sounds, sound_ids = (
            f"results/{NAME}/teacher/trunk.npy",
            f"results/{NAME}/teacher/logits.ids.csv",
        )
    return {
        "images": images,
        "image_ids": image_ids,
        "sounds": sounds,
        "sound_ids": sound_ids,
        "index": f"results/{NAME}/media/index.csv",
        "splits": f"results/{NAME}/media/splits.csv",
        "normaliser": f"results/{NAME}/features/normaliser.npz",
    }


def flags(files):
    """Named files as flags of a command: `image_ids` becomes `--image-ids PATH`; a list repeats its flag."""
    words = []
    for name, value in files.items():
        if name.startswith("_"):
            continue
        for path in [value] if isinstance(value, str) else value:
            words += [f"--{name.replace('_', '-')}", shlex.quote(str(path))]
    return " ".join(words)


def pretrain_inputs(wildcards):
    """A collection's features and index; nothing where the weights are given."""
    if wildcards.encoder == "sound" and TAGGER:
        return {}
    part = "scenes/" if wildcards.encoder == "image" else "sounds/"
    features, ids = features_of(wildcards.encoder, part)
    return {
        "features": features,
        "ids": ids,
        "index": f"results/{NAME}/media/{part}index.csv",
    }


@cache
def train_inputs(method):
    """A run's arrays, and of encoders and teacher what its method needs and the experiment has."""
    files = student_arrays(method)
    needs = STUDY.methods[method].needs
    if "encoders" in needs:
        for modality in job_settings.encoders(EXPERIMENT):
            files[f"{modality}_encoder"] = f"results/{NAME}/pretrain/{modality}.pt"
    if "teacher" in needs:
        teacher = f"results/{NAME}/teacher"
        files |= {
            "logits": f"{teacher}/logits.npy",
            "logit_ids": f"{teacher}/logits.ids.csv",
            "prior": f"{teacher}/prior.csv",
            "relevance": f"{teacher}/relevance.csv",
        }
    return files


@cache
def train_records(method):
    return awaited(train_inputs(method))


@cache
def train_reads(method):
    """What a run reads, and the records of all of it, as flags; one param, as each of a run's takes Snakemake its time."""
    files = train_inputs(method)
    return flags(files | {"records": records_of(files)})


@cache
def train_settings(method):
    needs = STUDY.methods[method].needs
    return as_json(job_settings.train_settings(EXPERIMENT, PROTOCOL, needs))


def evaluate_inputs(method, modality):
    """The students of a row and the arrays they are run on."""
    students = per_seed("train", "student.pt", method, modality)
    return student_arrays(method) | {"students": students}


def evaluate_outputs(name):
    """One file a seed; a row's seeds are one job. The experiment is written out, as Snakemake tries each of these many
    patterns on every file that begins like them.
    """
    return [
        f"results/{NAME}/evaluate/{{method}}/{{modality}}/seed-{seed}/{name}"
        for seed in SEEDS
    ]


def rows_made(runs):
    """The (method, modality) pairs among `runs` that this experiment can make, of at least one seed."""
    return [run for run in runs if run not in LEFT_OUT and seeds_made(*run)]


def seeds_made(method, modality):
    return [seed for seed in SEEDS if f"{method}/{modality}/seed-{seed}" not in ABSENT]


def per_seed(stage, name, method, modality):
    return [
        f"results/{NAME}/{stage}/{method}/{modality}/seed-{seed}/{name}"
        for seed in seeds_made(method, modality)
    ]


def scores_of(runs):
    return [
        path
        for run in rows_made(runs)
        for path in per_seed("evaluate", "scores.json", *run)
    ]


def scores_of_table(table):
    return scores_of(STUDY.tables[table].runs())


def recorded_scores(table):
    """A table's scores and their records: of a row's record alone Snakemake would not see that a new seed lacks."""
    scores = scores_of_table(table)
    return [*records_of({"scores": scores}), *scores]


def everything():
    """Every file of every job: Snakemake does not notice a lost file that only a standing one was made from."""
    files = made_of_media() + made_of_runs()
    files += [
        f"results/{NAME}/tables/{table}.{suffix}"
        for table in STUDY.tables
        for suffix in ("cells.csv", "csv", "md", "tex")
    ]
    files += [f"results/{NAME}/tables/{name}" for name in ("cells.csv", "metrics.json")]
    files += [
        f"results/{NAME}/figures/{figure}.{suffix}"
        for figure in ("figure3", "figure6")
        for suffix in ("png", "pdf")
    ]
    # a job's record stands for its files, but for those that are lost: thousands of names take Snakemake its time
    lost = [path for path in files if not os.path.exists(path)]
    return records_of({"files": files}) + lost


def made_of_media():
    """What is made before any run: media, features, encoders, teacher."""
    results, files = f"results/{NAME}", []
    for part in PARTS_HERE:
        files += [
            f"{results}/media/{part}{name}"
            for name in ("index.csv", "manifest.csv", "statistics.csv", "report.md")
        ]
        files += drawn(part)
        for front_end in job_settings.front_ends(EXPERIMENT, collection(part)):
            array = f"{results}/features/{part}{front_end}"
            files += [f"{array}.npy", f"{array}.ids.csv"]
            if front_end != "tagger_mn04":
                files.append(f"{array}.pooled.npy")
    files += [f"{results}/media/splits.csv", f"{results}/features/normaliser.npz"]
    for modality in job_settings.pretrained(EXPERIMENT, STUDY):
        files += [
            f"{results}/pretrain/{modality}.pt",
            f"{results}/pretrain/{modality}.history.csv",
        ]
    taught = {
        "teacher": [
            *("logits.npy", "logits.ids.csv", "report.json"),
            *(["trunk.npy"] if TRUNK else []),
        ],
        "prior": ["prior.csv"],
        "relevance": ["relevance.csv"],
    }
    for job in job_settings.teacher_jobs(EXPERIMENT, STUDY):
        files += [f"{results}/teacher/{name}" for name in taught[job]]
    return files


def made_of_runs():
    """What every run of the study leaves."""
    files = []
    for run in rows_made(STUDY.rows()):
        for name in ("student.pt", "history.csv"):
            files += per_seed("train", name, *run)
        for name in ("predictions.npz", "events.npz", "scores.json"):
            files += per_seed("evaluate", name, *run)
    return files
