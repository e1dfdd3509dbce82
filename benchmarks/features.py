"""How fast features are, beside librosa and beside decoding alone.

README line: `python benchmarks/features.py` (2 minutes; installs librosa into a virtual environment of its own).

Files are made here: ten seconds each as 44.1 kHz stereo WAV, 16 kHz FLAC and 16 kHz OGG, and pictures of three sizes.
Our side and librosa's run in processes of their own, by turns, one thread each; the times are the best of all turns:

    log-mel      samples in memory to log-mel: librosa's stft, melspectrogram, power_to_db as they come, against ours
    whole path   file to log-mel and its pooled form, against soundfile.read, mean of channels and soxr alone
    pictures     file to 256 × 256, against Pillow's open, convert, resize
    two cores    the features stage with one worker, against one a core
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

import numpy as np

PEERS = ("librosa==0.11.0", "soundfile==0.14.0", "soxr==1.1.0")
TURNS = 5
CLIPS = 8
SOUNDS = {"wav": (44100, 2), "flac": (16000, 1), "ogg": (16000, 1)}
PICTURES = {"256 px JPEG": (256, "jpg"), "600 px JPEG": (600, "jpg"), "256 px PNG": (256, "png")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", choices=["ours", "librosa"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "overheard-benchmark-peers")
    given = parser.parse_args()
    if given.side:
        print(json.dumps({"ours": ours, "librosa": librosa_side}[given.side](given.folder)))
        return
    peer = peer_python(given.peers)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder)
        best: dict[str, float] = {}
        for turn in range(TURNS):
            for side, python in (("ours", sys.executable), ("librosa", peer)):
                for key, seconds in run_side(side, str(python), folder).items():
                    best[key] = min(seconds, best.get(key, np.inf))
            print(f"turn {turn + 1} of {TURNS} done", file=sys.stderr)
        print_table(best, largest_difference(folder))
        print_cores(folder)


def peer_python(folder: Path) -> Path:
    python = folder / "bin/python"
    if not python.exists():
        print(f"installing {', '.join(PEERS)} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return python


def run_side(side: str, python: str, folder: Path) -> dict[str, float]:
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    command = [python, __file__, "--side", side, "--folder", str(folder)]
    return json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | threads).stdout
    )


def make_files(folder: Path) -> None:
    """Noise, a sweep and silence between: what a codec cannot make trivial."""
    import soundfile
    from PIL import Image

    for extension, (rate, channels) in SOUNDS.items():
        for clip in range(CLIPS):
            random = np.random.default_rng([clip, rate])
            t = np.arange(10 * rate) / rate
            sweep = 0.3 * np.sin(2 * np.pi * (200 + 100 * clip) * t * (1 + t / 10)) * (np.sin(2 * np.pi * 0.3 * t) > 0)
            noise = np.cumsum(random.standard_normal((len(t), channels)), axis=0)
            noise -= np.linspace(0, 1, len(t))[:, None] * noise[-1]
            samples = sweep[:, None] + 0.3 * noise / np.abs(noise).max() + 0.01 * random.standard_normal(noise.shape)
            how = {"format": "OGG", "subtype": "VORBIS"} if extension == "ogg" else {"subtype": "PCM_16"}
            path = folder / f"{clip}.{extension}"
            with soundfile.SoundFile(path, "w", rate, channels, **how) as sound:
                for start in range(0, len(samples), rate):  # libsndfile's Vorbis encoder fails on long writes
                    sound.write(samples[start : start + rate])
    for name, (size, extension) in PICTURES.items():
        for clip in range(CLIPS):
            coarse = np.random.default_rng(clip).integers(0, 256, (size // 8, size // 8, 3), dtype=np.uint8)
            picture = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
            picture.save(folder / f"{clip} {name}.{extension}", quality=90)


def per_clip(function: Callable, items: list, repeats: int = 5) -> float:
    """Seconds an item: the mean over items of each one's best time, so that a busy machine disturbs little."""
    best = [np.inf] * len(items)
    for _ in range(repeats + 1):
        for number, item in enumerate(items):
            start = time.perf_counter()
            function(item)
            best[number] = min(best[number], time.perf_counter() - start)
    return sum(best) / len(best)


def decode(path: Path) -> np.ndarray:
    """What every front end needs first, as plainly and as fast as these libraries do it."""
    import soundfile
    import soxr

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples[:, 0] if samples.shape[1] == 1 else (samples[:, 0] + samples[:, 1]) * np.float32(0.5)
    return mono if rate == 16000 else soxr.resample(mono, rate, 16000, quality="HQ")


def ours(folder: Path) -> dict[str, float]:
    import torch
    from PIL import Image

    from overheard.io import decoding
    from overheard.media import front_ends

    torch.set_num_threads(1)
    times = {}
    for extension in SOUNDS:
        files = [folder / f"{clip}.{extension}" for clip in range(CLIPS)]
        samples = [decode(path) for path in files]
        np.save(folder / f"ours.{extension}.npy", [front_ends.paper(wave) for wave in samples])

        def whole(path: Path) -> None:
            log_mel = front_ends.paper(decoding.clip_samples(path, 0.0, 10.0, 16000))
            front_ends.pool_frames(log_mel, 4)

        times[f"ours {extension}"] = per_clip(front_ends.paper, samples, 20)
        # by turns, so that a busy machine slows both
        pairs = [(per_clip(whole, files, 3), per_clip(decode, files, 3)) for _ in range(4)]
        times[f"whole {extension}"], times[f"decode {extension}"] = map(min, zip(*pairs, strict=True))

    def pillow(path: Path) -> None:
        with Image.open(path) as picture:
            np.asarray(picture.convert("RGB").resize((256, 256), Image.Resampling.BICUBIC))

    for name, (_, extension) in PICTURES.items():
        files = [folder / f"{clip} {name}.{extension}" for clip in range(CLIPS)]
        times[f"picture {name}"] = per_clip(decoding.square_picture, files)
        times[f"pillow {name}"] = per_clip(pillow, files)
    return times


def librosa_side(folder: Path) -> dict[str, float]:
    import librosa

    def log_mel(samples: np.ndarray) -> np.ndarray:
        power = np.abs(librosa.stft(samples, n_fft=1024, hop_length=400)) ** 2
        bands = librosa.feature.melspectrogram(S=power, sr=16000, n_fft=1024, hop_length=400, n_mels=64, fmax=8000)
        return librosa.power_to_db(bands)

    times = {}
    for extension in SOUNDS:
        samples = [decode(folder / f"{clip}.{extension}") for clip in range(CLIPS)]
        np.save(folder / f"librosa.{extension}.npy", [log_mel(wave).T[:400] for wave in samples])
        times[f"librosa {extension}"] = per_clip(log_mel, samples, 20)
    return times


def largest_difference(folder: Path) -> float:
    """dB, above -60 dB of each clip's maximum."""
    worst = 0.0
    for extension in SOUNDS:
        mine, theirs = (np.load(folder / f"{side}.{extension}.npy") for side in ("ours", "librosa"))
        loud = theirs > theirs.max(axis=(1, 2), keepdims=True) - 60
        worst = max(worst, float(np.abs(mine - theirs)[loud].max()))
    return worst


def print_table(best: dict[str, float], difference: float) -> None:
    line = "{:34} {:>10} {:>10} {:>8}   {}"
    print(line.format("per clip, one core", "ours ms", "other ms", "ratio", "asked for"))
    for extension in SOUNDS:
        ours_s, theirs = best[f"ours {extension}"], best[f"librosa {extension}"]
        row = (f"log-mel, librosa, {extension}", f"{1e3 * ours_s:.2f}", f"{1e3 * theirs:.2f}", f"{theirs / ours_s:.2f}")
        print(line.format(*row, "at least 5 times as fast"))
    for extension in SOUNDS:
        whole, alone = best[f"whole {extension}"], best[f"decode {extension}"]
        row = (
            f"whole path, decode alone, {extension}",
            f"{1e3 * whole:.2f}",
            f"{1e3 * alone:.2f}",
            f"{whole / alone:.2f}",
        )
        print(line.format(*row, "at most 1.15"))
    for name in PICTURES:
        mine, theirs = best[f"picture {name}"], best[f"pillow {name}"]
        row = (f"picture, Pillow, {name}", f"{1e3 * mine:.2f}", f"{1e3 * theirs:.2f}", f"{mine / theirs:.2f}")
        print(line.format(*row, "at most about 1"))
    print(f"largest difference from librosa above -60 dB of the maximum: {difference:.1e} dB (at most 1e-3)")


def print_cores(folder: Path) -> None:
    """The features stage itself, with one worker and with all cores."""
    from overheard.stages.features import features

    cores = len(os.sched_getaffinity(0))
    copies = 60
    names = [f"{clip}.{extension}" for extension in SOUNDS for clip in range(CLIPS)] * copies
    lines = [f"{number:05d},{name},0.0,10.0" for number, name in enumerate(names)]
    (folder / "index.csv").write_text("\n".join(["id,sound,sound_start_s,sound_duration_s", *lines]) + "\n")
    seconds = {}
    for workers in (1, cores):
        start = time.perf_counter()
        paths = [folder / name for name in ("a.npy", "a.csv", "p.npy")]
        features(folder, folder / "index.csv", "paper", *paths, workers)
        seconds[workers] = time.perf_counter() - start
        print(f"features stage, {len(names)} clips, {workers} workers: {seconds[workers]:.1f} s")
    if cores > 1:
        print(f"{cores} workers are {seconds[1] / seconds[cores]:.2f} times as fast as one")


if __name__ == "__main__":
    main()
