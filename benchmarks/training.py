"""Whether training waits for data, and how long the study takes beside a plain loop.

README line: `python benchmarks/training.py` (4 minutes; installs librosa into a virtual environment of its own).

Everything of the default study's size and form is made here: 256-pixel JPEG files, ten seconds of 16 kHz WAV, one pair
for each of the twin's; from them our own stages make the features. Encoders and teacher's logits are random: they
change no time.

    waiting      steps a second of the train stage's own step (batch taken by index from all clips, normalised,
                 augmented) against the same step on one tensor in memory, always the same clips, which are augmented
                 and normalised as well, as augmentation is part of the step; and against the step on one batch that
                 stands ready, which shows what augmentation costs; one thread, by turns, the best of all turns
    whole study  all runs of the study, as the train stage makes them (forked from a process that has torch, one on
                 each core), and the features, once; against one process a run, in which a DataLoader with a worker
                 for each core decodes with Pillow and soundfile, computes the log-mel with librosa and augments,
                 clip by clip

The plain loop has the same networks, losses, batches, number of epochs, and teacher's logits from a file. Measured of
it, for each modality: one run of three epochs. Scaled: its fastest later epoch to all epochs of the configuration
(nobody stops early, on either side), the run to all runs of the modality. Measured of ours: whole runs, one a core at
once, twice; scaled: to all runs of the modality. Drawing, pre-training, teacher, evaluation and tables are left out:
both need them alike.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from features import PEERS, peer_python

ROOT = Path(__file__).resolve().parents[1]
CORES = len(os.sched_getaffinity(0))
STEPS_ON = [("scene", "image"), ("scene", "sound"), ("scene", "image+sound"), ("scene+kl_av", "image+sound")]
METHOD = "scene+kl_av"
MODALITIES = ("image", "sound", "image+sound")
RATE = 16000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=30, help="epochs timed on each side for `waiting`")
    parser.add_argument("--only", choices=["waiting", "study"])
    parser.add_argument("--side", choices=["waiting", "ours", "plain"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--modality", help=argparse.SUPPRESS)
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "overheard-benchmark-peers")
    given = parser.parse_args()
    if given.side == "waiting":
        print(json.dumps(waiting(given.folder, given.turns)))
    elif given.side:
        print(json.dumps({"ours": ours, "plain": plain}[given.side](given.folder, given.modality)))
    else:
        measure(given)


def measure(given: argparse.Namespace) -> None:
    print(f"load at the start, one minute: {os.getloadavg()[0]:.1f} on {CORES} cores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        features_s = make_study(folder)
        if given.only != "study":
            print_waiting(ended(start("waiting", folder, turns=str(given.turns)))[0])
        if given.only != "waiting":
            extra = peers_path(given.peers)
            times: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
            for modality in MODALITIES:
                before = our_run(folder, modality)
                times["plain"].append(plain_run(folder, modality, extra))
                times["ours"].append((min(before, our_run(folder, modality)), 0.0))
                print(f"{modality} done", file=sys.stderr)
            print_study(times, features_s)
    print(f"load at the end, one minute: {os.getloadavg()[0]:.1f}")


def start(side: str, folder: Path, environ: dict[str, str] | None = None, **flags: str) -> subprocess.Popen:
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
    command += [word for name, value in flags.items() for word in (f"--{name}", value)]
    # our jobs have one thread each; so has the plain loop's main process, beside its workers
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | threads | (environ or {}))


def ended(process: subprocess.Popen) -> tuple[Any, float]:
    """What it printed, as JSON, and when it ended."""
    text, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{process.args}: exit code {process.returncode}")
    return json.loads(text.splitlines()[-1]), time.perf_counter()


def peers_path(folder: Path) -> str:
    """Where librosa is, behind this environment's own packages: torch is not installed a second time."""
    python = peer_python(folder)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    path = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    # once before anything is timed: the first import after an installation reads a cold disk
    warm = f"import sys; sys.path.append({path!r}); import librosa; librosa.stft, librosa.feature.melspectrogram"
    subprocess.run([sys.executable, "-c", warm], check=True)
    return path


def our_run(folder: Path, modality: str) -> float:
    """Seconds of a run beside as many others as there are cores: the slowest."""
    together = [start("ours", folder, modality=modality) for _ in range(CORES)]
    return max([ended(process)[0]["seconds"] for process in together])


def plain_run(folder: Path, modality: str, extra: str) -> tuple[float, float]:
    """Start-up (all but the epochs) and an epoch of one plain run, in seconds; the faster of its later epochs."""
    began = time.perf_counter()
    said, end = ended(start("plain", folder, {"BENCHMARK_PEERS": extra}, modality=modality))
    first, *later = said["epochs"]
    # what the first epoch took longer is the optimizer's and the loader's start
    return end - began - sum(said["epochs"]) + max(first - min(later), 0.0), min(later)


# the study's files


def experiment() -> Any:
    from overheard.study import config

    return config.load_experiment(ROOT / "config/twin.yaml")


def runs(modality: str) -> int:
    """Training runs of the default study in one modality."""
    from overheard.study import config

    rows = config.load_study(ROOT, experiment().study).rows()
    return len(experiment().seeds) * sum(column == modality for _, column in rows)


def settings(method: str, modality: str) -> Any:
    """A row's settings, as its runs are given them."""
    from overheard.stages.train import Settings
    from overheard.study import config
    from overheard.study.transfer import job_settings

    row = config.load_study(ROOT, experiment().study).methods[method]
    protocol = config.load_protocol(ROOT, experiment())
    return Settings(**job_settings.train_settings(experiment(), protocol, row, modality))


def make_study(folder: Path) -> float:
    """Media of the default study's size, and every file that training reads; seconds that the features took."""
    from overheard.io import artifacts
    from overheard.sources.twin import world
    from overheard.stages.features import features
    from overheard.stages.normaliser import normaliser
    from overheard.stages.prior import prior
    from overheard.stages.relevance import relevance

    source = experiment().source
    places = world.locations(source.world, source.scale, source.coupling)
    clips = sorted((clip, place.scene) for place in places for clip in place.ids)
    make_media(folder, clips)
    files = reads(folder)
    began = time.perf_counter()
    for front_end, kind in (("images", "image"), ("paper", "sound")):
        whole = folder / f"{front_end}.npy"
        features(folder, folder / "index.csv", front_end, whole, files[f"{kind}_ids"], files[f"{kind}s"], CORES)
    seconds = time.perf_counter() - began
    splits = np.random.default_rng(0).choice(["train", "val", "test"], len(clips), p=[0.7, 0.1, 0.2])
    rows = [{"id": clip, "split": split, "fold": 0} for (clip, _), split in zip(clips, splits, strict=True)]
    artifacts.write_table(files["splits"], ["id", "split", "fold"], rows)
    arrays = [files[name] for name in ("images", "image_ids", "sounds", "sound_ids")]
    normaliser(*arrays, files["splits"], "paper", files["normaliser"])
    make_teacher(files, [clip for clip, _ in clips])
    teacher = [files[name] for name in ("logits", "logit_ids", "index", "splits")]
    prior(*teacher, files["prior"])
    relevance(*teacher, files["relevance"])
    return seconds


def reads(folder: Path) -> dict[str, Path]:
    names = {"images": "images.pooled.npy", "sounds": "paper.pooled.npy", "normaliser": "normaliser.npz"}
    names |= {"logits": "logits.npy", "image_encoder": "image.pt", "sound_encoder": "sound.pt"}
    tables = ("image_ids", "sound_ids", "logit_ids", "index", "splits", "prior", "relevance")
    return {name: folder / file for name, file in (names | {name: f"{name}.csv" for name in tables}).items()}


def reads_of(folder: Path, method: str, modality: str) -> dict[str, Path]:
    """Of the study's files, what a row's runs are given."""
    from overheard.study import config
    from overheard.study.transfer import row_files

    row = config.load_study(ROOT, experiment().study).methods[method]
    return {name: reads(folder)[name] for name in row_files.train_inputs(experiment(), row, modality, seed=0)}


def make_media(folder: Path, clips: list[tuple[str, str]]) -> None:
    """Coarse noise as pictures, noise as sounds: what a codec cannot make trivial."""
    import soundfile
    from PIL import Image

    from overheard.io import artifacts

    random = np.random.default_rng(0)
    noise = 0.1 * random.standard_normal(20 * RATE)
    rows = []
    for clip, scene in clips:
        coarse = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((256, 256), Image.Resampling.BICUBIC).save(folder / f"{clip}.jpg", quality=90)
        first = random.integers(10 * RATE)
        soundfile.write(folder / f"{clip}.wav", noise[first : first + 10 * RATE], RATE, subtype="PCM_16")
        row = {"id": clip, "class": scene, "image": f"{clip}.jpg", "bands": "", "sound": f"{clip}.wav"}
        rows.append(row | {"sound_start_s": 0.0, "sound_duration_s": 10.0})
    artifacts.write_table(folder / "index.csv", list(rows[0]), rows)


def make_teacher(files: dict[str, Path], ids: list[str]) -> None:
    """Encoders with random weights, the sound's event classifier, and logits of a teacher."""
    import torch
    from torch import nn

    from overheard.io import artifacts
    from overheard.learning.models import encoders
    from overheard.learning.pretraining import encoder_file

    events = artifacts.event_names()
    for modality in ("image", "sound"):
        labels = list(events) if modality == "sound" else [str(label) for label in range(30)]
        network = nn.ModuleDict({"encoder": encoders.build("small", modality, torch.Generator().manual_seed(0))})
        network["classifier"] = nn.Linear(network["encoder"].width, len(labels))
        scale = np.zeros(64, np.float32), np.ones(64, np.float32)
        content = encoder_file("small", modality, labels, list(range(len(labels))), scale, network.state_dict())
        artifacts.write_weights(files[f"{modality}_encoder"], content)
    logits = np.random.default_rng(1).normal(-5, 2, (len(ids), len(events))).astype(np.float32)
    artifacts.write_array(files["logits"], logits)
    artifacts.write_ids(files["logit_ids"], ids)


# waiting for data


def prepared(folder: Path, method: str, modality: str) -> Any:
    """The training as the train stage prepares it, from the same files by the same code, private though it is."""
    from overheard.io import clips
    from overheard.learning import methods
    from overheard.stages import train

    row, files = methods.find(method, modality), reads_of(folder, method, modality)
    labelled = clips.labelled(files["index"], files["splits"], ("train", "val"))
    return train._prepared(row, modality, 0, settings(method, modality), files, *labelled)


def waiting(folder: Path, turns: int) -> dict[str, dict[str, float]]:
    """For each row, steps a second: with real features, on one tensor in memory, and on one batch that stands ready."""
    import torch

    from overheard.learning import loop

    found = {}
    for method, modality in STEPS_ON:
        size = settings(method, modality).batch_size
        training = prepared(folder, method, modality)
        training.objective.student.train()
        seconds: dict[str, list[float]] = {name: [] for name in ("real", "memory", "ready")}
        for _ in range(turns + 1):
            batches = list(torch.randperm(len(training.train)).split(size))[: len(training.train) // size]
            for name, loss in losses(training, size).items():
                began = time.perf_counter()
                loop._summed([loop._step(training.adam, loss, batch, batch is batches[0]) for batch in batches])
                seconds[name].append(time.perf_counter() - began)
        # the first turn warms up
        found[f"{method}, {modality}"] = {name: len(batches) / min(all_s[1:]) for name, all_s in seconds.items()}
    return found


def losses(training: Any, size: int) -> dict[str, Callable]:
    """The train stage's own loss of a batch, and the same on clips that are already at hand."""
    import torch

    from overheard.learning.objective import Part

    part, objective = training.train, training.objective
    augmentation, generator = training.augmentation, training.generators["augmentation"]
    few = torch.arange(size)
    arrays = {name: getattr(part.inputs, name) for name in ("images", "sounds")}
    at_hand = {name: None if array is None else array[:size].clone() for name, array in arrays.items()}
    logits = None if part.teacher_logits is None else part.teacher_logits[:size].clone()
    small = Part(dataclasses.replace(part.inputs, **at_hand), part.label[:size].clone(), logits)
    on_small = objective.on_training(small, augmentation, generator)
    batch = small.inputs.batch(few, augmentation, generator)

    def ready(_: Any) -> Any:
        terms, said, _ = objective.terms(small, few, batch)
        return terms, said.representation

    real = objective.on_training(part, augmentation, generator)
    return {"real": real, "memory": lambda _: on_small(few), "ready": ready}


def print_waiting(found: dict[str, dict[str, float]]) -> None:
    line = "{:28} {:>10} {:>10} {:>7}   {:16} {:>12} {:>7}"
    head = ("steps a second, one thread", "real", "in memory", "ratio", "asked for", "ready batch", "ratio")
    print(line.format(*head))
    for row, rate in found.items():
        cells = [
            f"{rate['real']:.1f}",
            f"{rate['memory']:.1f}",
            f"{rate['real'] / rate['memory']:.3f}",
            "at least 0.95",
        ]
        cells += [f"{rate['ready']:.1f}", f"{rate['real'] / rate['ready']:.3f}"]
        print(line.format(row, *cells))


# the whole study


def ours(folder: Path, modality: str) -> dict[str, float]:
    """A whole run of the train stage; imports are not timed, as the study's runs are forked from a warm process."""
    from overheard.io.device import settle
    from overheard.stages.train import train

    settle("cpu")
    whole = settings(METHOD, modality)
    # the plain loop validates with the statistics that torch keeps
    whole = dataclasses.replace(whole, bn_statistics="running", patience=None)
    out = folder / f"run-{os.getpid()}"
    out.mkdir()
    began = time.perf_counter()
    outputs = {"checkpoints": out / "checkpoints", "student": out / "student.pt", "history": out / "history.csv"}
    train(**reads_of(folder, METHOD, modality), method=METHOD, modality=modality, seed=0, settings=whole, **outputs)
    return {"seconds": time.perf_counter() - began}


class Clips:
    """A data set in the style of the released program: each item is decoded and augmented when asked for."""

    def __init__(self, folder: Path, split: str, modality: str, how: Any) -> None:
        from overheard.io import artifacts

        files = reads(folder)
        wanted = [row["id"] for row in artifacts.read_table(files["splits"]) if row["split"] == split]
        rows = {row["id"]: row for row in artifacts.read_table(files["index"])}
        classes = sorted({row["class"] for row in rows.values()})
        self.stems = [folder / clip for clip in wanted]
        self.labels = [classes.index(rows[clip]["class"]) for clip in wanted]
        ids, logits = artifacts.read_clips(files["logits"], files["logit_ids"])
        self.logits = logits[artifacts.positions(wanted, ids, "logits")]
        self.normaliser = artifacts.read_arrays(files["normaliser"])
        self.modality, self.how, self.augment = modality, how, split == "train"

    def __len__(self) -> int:
        return len(self.stems)

    def __getitem__(self, number: int) -> tuple[dict[str, np.ndarray], int, np.ndarray]:
        inputs = {}
        if "image" in self.modality:
            inputs["image"] = self.image(Path(f"{self.stems[number]}.jpg"))
        if "sound" in self.modality:
            inputs["sound"] = self.sound(Path(f"{self.stems[number]}.wav"))
        return inputs, self.labels[number], self.logits[number]

    def image(self, path: Path) -> np.ndarray:
        import random

        from PIL import Image, ImageEnhance

        with Image.open(path) as opened:
            picture = opened.convert("RGB").resize((64, 64))
        if self.augment:
            if random.random() < self.how.flip:
                picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            picture = ImageEnhance.Brightness(picture).enhance(random.uniform(*self.how.brightness))
            picture = ImageEnhance.Color(picture).enhance(random.uniform(*self.how.colour))
        values = np.asarray(picture, dtype=np.float32) / 255
        return ((values - self.normaliser["image_mean"]) / self.normaliser["image_std"]).transpose(2, 0, 1)

    def sound(self, path: Path) -> np.ndarray:
        import librosa
        import soundfile

        samples, _ = soundfile.read(path, dtype="float32")
        power = np.abs(librosa.stft(samples, n_fft=1024, hop_length=400)) ** 2
        bands = librosa.feature.melspectrogram(S=power, sr=RATE, n_fft=1024, hop_length=400, n_mels=64, fmax=8000)
        pooled = librosa.power_to_db(bands).T[:400].reshape(100, 4, 64).mean(axis=1)
        return ((pooled - self.normaliser["sound_mean"]) / self.normaliser["sound_std"])[None]


def plain(folder: Path, modality: str) -> dict[str, list[float]]:
    """Seconds of each of three epochs, training and validation."""
    import torch
    from torch.utils.data import DataLoader

    # last, so that this environment's numpy stays first
    sys.path.append(os.environ["BENCHMARK_PEERS"])
    if "sound" in modality:
        import librosa

        # loaded before the workers are forked: librosa imports its parts when they are first asked for
        _ = librosa.stft, librosa.feature.melspectrogram, librosa.power_to_db
    training = prepared(folder, METHOD, modality)
    how = settings(METHOD, modality)
    loaders = {
        split: DataLoader(Clips(folder, split, modality, how), how.batch_size, split == "train", num_workers=CORES)
        for split in ("train", "val")
    }
    objective = training.objective
    optimizer = torch.optim.Adam(training.adam.parameters, how.learning_rate, weight_decay=how.weight_decay)
    epochs = []
    for _ in range(3):
        began = time.perf_counter()
        objective.student.train()
        for loss in plain_losses(objective, loaders["train"]):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        objective.student.eval()
        with torch.no_grad():
            torch.stack(list(plain_losses(objective, loaders["val"]))).mean().item()
        epochs.append(time.perf_counter() - began)
    return {"epochs": epochs}


def plain_losses(objective: Any, loader: Any) -> Iterator[Any]:
    """The same loss as ours, of each batch of a loader."""
    import torch

    from overheard.learning.objective import say

    memory: Callable = {True: torch.channels_last, False: torch.contiguous_format}.__getitem__
    for inputs, label, teacher in loader:
        placed = {name: value.contiguous(memory_format=memory(name == "image")) for name, value in inputs.items()}
        said = say(objective.student, placed, False)
        known = dict(objective.given) | ({"logits": teacher} if "logits" in objective.method.uses else {})
        if objective.student.prior is not None:
            known["prior"] = objective.student.prior
        yield torch.stack(list(objective.method.terms(said, label, **known).values())).sum(dim=0).mean()


def print_study(times: dict[str, list[tuple[float, float]]], features_s: float) -> None:
    line = "{:34} {:>12} {:>12} {:>8}   {}"
    epochs = experiment().train.epochs
    print(
        line.format(
            f"a run of {epochs} epochs, {METHOD}", "ours s", "plain s", "ratio", "plain: start-up + epochs × epoch"
        )
    )
    total = {"ours": features_s, "plain": 0.0}
    for modality, (mine, _), (start_up, epoch) in zip(MODALITIES, times["ours"], times["plain"], strict=True):
        run = start_up + epochs * epoch
        total["ours"] += runs(modality) * mine / CORES
        total["plain"] += runs(modality) * run
        cells = (f"{mine:.1f}", f"{run:.1f}", f"{run / mine:.1f}")
        print(line.format(f"{modality}, {runs(modality)} runs", *cells, f"{start_up:.1f} + {epochs} × {epoch:.2f}"))
    cells = (f"{total['ours']:.0f}", f"{total['plain']:.0f}", f"{total['plain'] / total['ours']:.1f}")
    shown = f"ours: {CORES} runs at once, and {features_s:.1f} s of features; plain: one run, {CORES} loading processes"
    print(line.format("the study's runs, scaled", *cells, shown))
    print(f"the plain loop's log-mel: {PEERS[0]}")


if __name__ == "__main__":
    main()
