import json
import shlex
import sys
from pathlib import Path

from overheard import plan
from overheard.config import Experiment, check, load_protocol, load_study
from overheard.outside import listing_digest

ROOT = Path(workflow.basedir).parent
NAME = Path(workflow.configfiles[-1]).stem
# runs that `overheard run --partial` knows to be missing, as method/modality/seed-k
ABSENT = config.pop("absent", [])
EXPERIMENT = check(Experiment, config, f"config/{NAME}.yaml")
PROTOCOL = load_protocol(ROOT, EXPERIMENT)
STUDY = load_study(ROOT, EXPERIMENT)
LEFT_OUT = plan.left_out(EXPERIMENT, STUDY)
SEEDS = EXPERIMENT.seeds
TWIN = EXPERIMENT.source.kind == "twin"
TAGGER = getattr(EXPERIMENT.source, "tagger", None)
PARTS = {"pairs": "", "scenes": "scenes/", "sounds": "sounds/"}

# jobs call the command of this very environment, also where it was not activated
shell.prefix(f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; ")


wildcard_constraints:
    experiment=NAME.replace(".", r"\."),
    part="|".join(PARTS.values()),
    collection="|".join(PARTS),
    front_end="images|paper|tagger_mn04",
    encoder="image|sound",
    modality="|".join(modality.replace("+", r"\+") for modality in plan.MODALITIES),
    method="|".join(method.replace("+", r"\+") for method in STUDY.methods),
    seed=r"\d+",
    table="|".join(STUDY.tables),


def as_json(settings):
    """Settings as they stand in a command and in Snakemake's records: equal settings are equal text."""
    return json.dumps(settings, sort_keys=True)


def collection(part):
    return part.rstrip("/") or "pairs"


def media_folder(part):
    """The folder of a collection's media: drawn under results, or the user's own."""
    if TWIN:
        return f"results/{NAME}/draw/{collection(part)}"
    return getattr(EXPERIMENT.source, collection(part))


def drawn(wildcards):
    """The media folder as an input of a job, where this workflow makes it."""
    return [media_folder(wildcards.part)] if TWIN else []


def outside(part):
    """What decides whether a user's folder changed since it was read: nothing for the twin, which is made here."""
    return "" if TWIN else listing_digest(Path(media_folder(part)))


def features_of(modality, part=""):
    """The array a modality's network reads, and its ids."""
    name = plan.array(EXPERIMENT, modality)
    folder = f"results/{NAME}/features/{part}"
    return f"{folder}{name}.npy", f"{folder}{name.split('.')[0]}.ids.csv"


def student_arrays(method):
    """Inputs of training and evaluation: both modalities' arrays by key."""
    images, image_ids = features_of("image")
    sounds, sound_ids = features_of("sound")
    if plan.frozen_blocks(EXPERIMENT, STUDY.methods[method].needs):
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


def train_inputs(wildcards):
    """A run's arrays, and of encoders and teacher what its method needs and the experiment has."""
    files = student_arrays(wildcards.method)
    needs = STUDY.methods[wildcards.method].needs
    if "encoders" in needs:
        for modality in plan.encoders(EXPERIMENT):
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


def evaluate_outputs(name):
    """One file a seed; a row's seeds are one job."""
    return [
        f"results/{{experiment}}/evaluate/{{method}}/{{modality}}/seed-{seed}/{name}"
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


def everything():
    """Every result: Snakemake does not notice a lost file that only a standing one was made from."""
    results = f"results/{NAME}"
    wanted = [f"{results}/media/statistics.csv", f"{results}/tables/cells.csv"]
    wanted += [
        f"{results}/pretrain/{modality}.pt" for modality in plan.encoders(EXPERIMENT)
    ]
    for run in rows_made(STUDY.rows()):
        wanted += per_seed("train", "student.pt", *run)
        for name in ("predictions.npz", "events.npz", "scores.json"):
            wanted += per_seed("evaluate", name, *run)
    wanted += [
        f"{results}/tables/{table}.{suffix}"
        for table in STUDY.tables
        for suffix in ("csv", "md", "tex")
    ]
    wanted += [
        f"{results}/figures/{figure}.{suffix}"
        for figure in ("figure3", "figure6")
        for suffix in ("png", "pdf")
    ]
    return wanted
