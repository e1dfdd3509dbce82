"""A job's settings and files are those that its row uses: what each change schedules, from the plan alone."""

import json
import subprocess
import sys
from pathlib import Path

import protocols
import pytest

from overheard.errors import ConfigError
from overheard.jobs.code.closure import stage_code
from overheard.study import ablation, layout, plan
from overheard.study.checking import check
from overheard.study.experiment import Split
from overheard.study.experiments import Loaded
from overheard.study.transfer import design as transfer
from overheard.study.transfer import job_settings, row_files
from overheard.study.transfer.experiment import Experiment
from overheard.study.transfer.protocol import SWITCHES, Protocol

ROOT = Path(__file__).resolve().parents[2]
TWIN = {"source": {"kind": "twin"}}
EXPERIMENT, PROTOCOL, STUDY = protocols.EXPERIMENT, protocols.PROTOCOL, protocols.STUDY
TRAINED = list(dict.fromkeys(method for method, _ in STUDY.trained()))


def planned(protocol: Protocol = PROTOCOL, seed: int = 0) -> dict[tuple[str, str], tuple[dict, dict]]:
    """Of every row, the settings and the files of its trainings."""
    return {
        (method, modality): (
            job_settings.train_settings(EXPERIMENT, protocol, STUDY.methods[method], modality),
            row_files.train_inputs(EXPERIMENT, STUDY.methods[method], modality, seed),
        )
        for method, modality in STUDY.trained()
    }


def trainings(rows: list[tuple[str, str]]) -> int:
    return len(rows) * len(EXPERIMENT.seeds)


def changed(**sections: object) -> list[tuple[str, str]]:
    """Rows with other settings under a changed protocol."""
    other = check(Protocol, PROTOCOL.model_dump() | sections, "x")
    before, after = planned(), planned(other)
    return [row for row in before if before[row] != after[row]]


def reading(path: str) -> list[tuple[str, str]]:
    """Rows whose trainings read a file."""
    return [row for row, (_, files) in planned().items() if path in files.values()]


KL = {"scene+kl_sound", "scene+kl_av", "kl_av"}
SQ = {"scene+sq_sound", "scene+sq_av", "sq_av"}
E1, E2 = {"scene+event", "event1", "event1+event2"}, {"scene+event", "event1+event2"}
METHODS_OF = {
    "alpha": {method for method in TRAINED if method.startswith("scene+")},
    "beta": E2,
    "divergence": KL | E1,
    "event_reduction": KL | E1,
    "temperature": KL,
    "squared_target": SQ,
    "squared_reduction": SQ,
    "relevance_loss": E2,
    "prior_clips": E1,
    "relevance_vector": E2,
    "baseline_learning_rate": {"scratch", "scene", "smoothed"},
    "event_head_start": KL | SQ,
    "teacher_normaliser": KL | SQ | E1,
    "spread": set(),
}
"""The methods that a switch is of, where it is not of all: by hand, from the equations."""
OF_STARTS = {"class_order", "missing_modality", "stft_points", "mel_of", "mel_floor_db", "resampler", "resize_filter"}
OF_STARTS |= {"flip", "brightness", "colour", "augmentation_order", "picture_scale", "sound_normaliser", "batch_size"}
OF_STARTS |= {"split_unit", "split_draw", "split_group", "augmented_splits"}
"""What the random head, of which nothing is trained, depends on: split, networks, what it is tested on and how."""
ON_PICTURES = (
    "flip",
    "brightness",
    "colour",
    "augmentation_order",
    "augmented_splits",
    "picture_scale",
    "resize_filter",
)
HEARD = ("stft_points", "mel_of", "mel_floor_db", "resampler")
MODALITIES_OF = {
    **{key: {"image", "image+sound"} for key in ON_PICTURES},
    **{key: {"sound", "image+sound"} for key in (*HEARD, "sound_normaliser")},
    "missing_modality": {"image", "sound"},
}
OF_NETWORKS = ("flip", "brightness", "colour", "augmentation_order", "picture_scale", "resize_filter", *HEARD)
"""What changes the network of one modality: where the other one is left out, the student has its answer to zeros."""
FOLDER = check(Experiment, {"source": {"kind": "directory", "pairs": "p", "scenes": "s", "sounds": "t"}}, "x")
"""A user's own folder, where every switch may change something."""


def retrained(protocol: Protocol, experiment: Experiment = FOLDER) -> set[tuple[str, str]]:
    """Rows that are trained or tested otherwise than under `corrected`, as an ablation counts them."""
    one, other = (
        Loaded("x", Path("config/x.yaml"), ROOT, experiment, STUDY, transfer, its) for its in (PROTOCOL, protocol)
    )
    return set(ablation.rows_reached(one, other))


@pytest.mark.parametrize("name", [name for name in SWITCHES if name != "relevance_sign"])
def test_a_switch_retrains_exactly_the_rows_that_use_it(name):
    protocol = check(Protocol, PROTOCOL.model_dump() | {name: protocols.OTHER[name]}, "x")
    methods, modalities = METHODS_OF.get(name, set(TRAINED)), MODALITIES_OF.get(name, {"image", "sound", "image+sound"})
    methods = methods if name in OF_STARTS else methods - {"random_head"}
    expected = {row for row in STUDY.trained() if row[0] in methods and row[1] in modalities}
    if name in OF_NETWORKS:
        expected |= {row for row in STUDY.trained() if "encoders" in STUDY.methods[row[0]].reads}
    assert retrained(protocol) == expected
    assert retrained(protocol, EXPERIMENT) == (set() if name in EXPERIMENT.idle else expected)


def test_what_is_idle_is_refused_where_it_is_set():
    assert set(EXPERIMENT.idle) == {"resampler", "resize_filter", "split_group"}
    with pytest.raises(ConfigError, match="protocol.resampler: has no effect, as the twin's sounds have 16 kHz"):
        check(Experiment, TWIN | {"protocol": {"base": "corrected", "resampler": "kaiser_best"}}, "x")
    tagger = {"source": {"kind": "directory", "pairs": "p", "tagger": "t"}, "networks": {"sound": {"name": "mn04"}}}
    heard = check(Experiment, tagger, "x")
    assert set(heard.idle) == {*HEARD[:3], "sound_normaliser", "teacher_normaliser"}
    assert job_settings.features_settings(heard, PROTOCOL, "tagger_mn04") == {"resampler": "soxr_hq"}


def test_every_switch_is_flipped_here():
    assert set(protocols.OTHER) == set(SWITCHES)
    assert set(PROTOCOL.model_dump()) == {*SWITCHES, "protocol", "allowed_leaks"}
    # of the gram eigenvector there is one sign
    component = PROTOCOL.model_dump() | {"relevance_vector": "first_component"}
    one, other = (check(Protocol, component | {"relevance_sign": sign}, "x") for sign in SIGNS)
    assert job_settings.switched(EXPERIMENT, one, "relevance") != job_settings.switched(EXPERIMENT, other, "relevance")


SIGNS = ("positive_sum", "largest_score")


WITH_EVENT2 = [
    *(
        ("scene+event", "sound"),
        ("scene+event", "image"),
        ("event1+event2", "image+sound"),
        ("scene+event", "image+sound"),
    ),
]


def test_beta_and_relevance_are_of_the_rows_with_event2():
    assert changed(beta=0.5) == reading("teacher/fold-0/relevance.csv") == WITH_EVENT2
    assert trainings(WITH_EVENT2) == 20


def test_alpha_is_of_the_rows_with_two_losses():
    rows = changed(alpha=0.5)
    assert trainings(rows) == 55
    assert {method for method, _ in rows} == {method for method in STUDY.methods if method.startswith("scene+")}


def test_pretraining_is_of_all_rows_but_those_that_start_at_random():
    # of both networks: a modality left out is the pre-trained network's answer to zeros
    for modality in ("image", "sound"):
        rows = reading(f"pretrain/{modality}.pt")
        assert trainings(rows) == 100
        assert {method for method, _ in planned().keys() - set(rows)} == {"scratch"}


def test_a_pretraining_setting_reaches_no_training_but_by_its_network():
    content = TWIN | {"networks": {"image": {"pretrain": {"learning_rate": 0.5}}}}
    other = check(Experiment, content, "x")
    for method, modality in STUDY.trained():
        row = (STUDY.methods[method], modality)
        assert job_settings.train_settings(other, PROTOCOL, *row) == planned()[method, modality][0]
    asked = [job_settings.pretrain_settings(one, PROTOCOL, "image")["learning_rate"] for one in (EXPERIMENT, other)]
    assert asked == [0.002, 0.5]


def test_the_prior_is_of_the_rows_with_event1():
    assert trainings(reading("teacher/fold-0/prior.csv")) == 25
    untaught = {"scratch", "scene", "smoothed", "random_head"}
    assert {method for method, _ in planned().keys() - set(reading("teacher/logits.npy"))} == untaught


def test_a_run_reads_the_files_of_its_seeds_fold():
    """Seed 7 is of fold 2; all else that it reads is of no fold."""
    of_fold = {"splits": "media/fold-2/splits.csv", "image_normaliser": "features/fold-2/normaliser.image.npz"}
    of_fold |= {name: f"teacher/fold-2/{name}.csv" for name in ("prior", "relevance")}
    read = planned(seed=7)["scene+event", "image"][1]
    assert read.items() >= of_fold.items()
    assert {flag for flag, path in read.items() if "fold" in path} == set(of_fold)
    assert read == planned(seed=2)["scene+event", "image"][1] != planned(seed=0)["scene+event", "image"][1]
    one = EXPERIMENT.model_copy(update={"split": Split(folds=1)})
    for seed in (0, 7):
        assert row_files.of_fold(one, seed, "split") == {"splits": "media/fold-0/splits.csv"}


@pytest.mark.parametrize(
    ("seeds", "folds", "made"),
    [([0], 5, [0]), ([0, 1, 2, 3, 4], 5, [0, 1, 2, 3, 4]), ([7, 2, 13], 5, [2, 3]), ([0, 7], 1, [0])],
)
def test_the_folds_of_the_seeds_are_planned_and_no_others(seeds, folds, made):
    experiment = EXPERIMENT.model_copy(update={"seeds": seeds, "split": Split(folds=folds)})
    targets = plan.targets(Loaded("x", Path("config/x.yaml"), ROOT, experiment, STUDY, transfer, PROTOCOL))
    for stage in ("split", "normaliser", "prior", "relevance"):
        assert [target.values["fold"] for target in targets if target.stage == stage] == made
    absent = {f"{method}/{modality}/seed-{seeds[0]}" for method, modality in STUDY.rows()}
    fewer = plan.targets(Loaded("x", Path("config/x.yaml"), ROOT, experiment, STUDY, transfer, PROTOCOL), absent)
    left = sorted({layout.fold_of(seed, folds) for seed in seeds[1:]})
    assert [target.values["fold"] for target in fewer if target.stage == "split"] == left


def test_augmentation_is_of_pictures():
    rows = changed(flip=0.1, brightness=[1.0, 1.0], colour=[1.0, 1.0])
    assert rows == [row for row in STUDY.trained() if "image" in row[1] and row[0] != "random_head"]
    assert "flip" not in job_settings.pretrain_settings(EXPERIMENT, PROTOCOL, "sound")


@pytest.mark.parametrize("method", TRAINED)
def test_a_methods_code_has_the_relevance_loss_only_where_it_uses_it(method):
    reached = stage_code("train", protocols.entries(method)).definitions
    assert ("overheard.learning.losses:one_minus_cosine" in reached) == ("relevance" in STUDY.methods[method].reads)


def test_the_study_says_what_the_code_uses():
    from overheard.learning.baselines import BASELINES
    from overheard.learning.methods import METHODS

    assert set(TRAINED) == set(METHODS)
    assert {*(method for method, _ in STUDY.baselines()), "fused_runs"} == set(BASELINES)
    assert {STUDY.tested_by(method) for method in BASELINES} == {"baselines"}
    assert {STUDY.tested_by(method) for method in METHODS} == {"evaluate"}
    for name, method in METHODS.items():
        said = {*STUDY.methods[name].reads, *STUDY.methods[name].uses, *STUDY.methods[name].settings}
        used = {*method.uses, *(["encoders"] if method.pretrained else [])}
        used |= {"event_head_start"} if method.event_head else set()
        used |= {"baseline_learning_rate"} if method.transfer is None and method.learns else set()
        assert (said, STUDY.methods[name].untrained) == (used, not method.learns), name


def test_a_fusion_reads_the_runs_of_its_seed_and_is_missing_where_one_of_them_is():
    read = row_files.baseline_inputs(EXPERIMENT, STUDY, "fused_runs", 7)
    assert read["runs"] == [f"evaluate/scene/{column}/seed-7/predictions.npz" for column in ("image", "sound")]
    loaded = Loaded("x", Path("config/x.yaml"), ROOT, EXPERIMENT, STUDY, transfer, PROTOCOL)
    absent = {"scene/sound/seed-1", "scene/image/seed-3", "scene/image+sound/seed-0"}
    assert plan.seeds_made(loaded, "fused_runs", "image+sound", absent) == [0, 2, 4]
    assert plan.seeds_made(loaded, "late_fusion", "image+sound", absent) == [0, 1, 2, 3, 4]


def test_the_nearest_prior_is_that_of_its_fold():
    read = row_files.baseline_inputs(EXPERIMENT, STUDY, "nearest_prior", 7)
    assert read == {"index": "media/index.csv", "splits": "media/fold-2/splits.csv"} | row_files.TEACHER_FILES | {
        "prior": "teacher/fold-2/prior.csv"
    }


def test_a_random_head_reads_its_networks_and_the_names_of_its_scenes():
    assert set(planned()["random_head", "image+sound"][1]) == {"index", "splits", "image_encoder", "sound_encoder"}


def test_a_job_adds_nothing_to_the_settings_that_it_is_planned_with():
    """A default of a stage that a plan leaves out would make it another job than was planned."""
    from overheard.io.signature import deciding
    from overheard.stages.train import Settings, train

    for row, (settings, _) in planned().items():
        assert deciding(train, {"settings": Settings(**settings)})["settings"] == json.loads(json.dumps(settings)), row


@pytest.mark.parametrize(
    ("collection", "drawn", "read"),
    [
        ("pairs", {"world", "scale", "coupling", "events"}, {"classes", "bands", "range", "channels", "seed"}),
        ("scenes", {"world", "scenes"}, {"bands", "range"}),
        ("sounds", {"world", "sounds"}, {"channels", "seed"}),
    ],
)
def test_a_collections_settings_are_its_own(collection, drawn, read):
    assert set(job_settings.draw_settings(EXPERIMENT, collection)) == drawn
    source = {"kind": "directory", "pairs": "p", "scenes": "s", "sounds": "t", "classes": ["a"], "bands": [2, 1, 0]}
    folder = check(Experiment, {"source": source | {"channels": "mean", "range": [0, 3000]}}, "x")
    assert set(job_settings.media_settings(folder, collection)) == read


def test_a_plan_imports_no_torch():
    asked = (
        "import sys; from pathlib import Path; from overheard.jobs.code import closure, versions;"
        "from overheard.study import config, layout; from overheard.study.transfer import job_settings;"
        "from overheard.study.checking import check; from overheard.study.transfer.experiment import Experiment;"
        f"root = Path({str(ROOT)!r});"
        "experiment = check(Experiment, {'source': {'kind': 'twin'}}, 'x');"
        "study, protocol = config.load_study(root, experiment.study), config.load_protocol(root, experiment);"
        "[job_settings.train_settings(experiment, protocol, study.methods[m], c) for m, c in study.trained()];"
        "entries = [closure.entries({'method': m}) for m, _ in study.trained()];"
        "[versions.environment(closure.stage_code('train', its)) for its in entries];"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_a_given_tagger_hears_depends_on_the_sounds_alone():
    """Another resampler: the rows with sound, and on pictures those that the tagger teaches; given networks stay."""
    content = {"source": {"kind": "directory", "pairs": "p", "scenes": "s", "tagger": "t"}}
    heard = check(Experiment, content | {"networks": {"sound": {"name": "mn04"}}}, "x")
    protocol = check(Protocol, PROTOCOL.model_dump() | {"resampler": "kaiser_best"}, "x")
    taught = KL | SQ | E1
    expected = {row for row in STUDY.trained() if "sound" in row[1] or row[0] in taught}
    assert retrained(protocol, heard) == expected
