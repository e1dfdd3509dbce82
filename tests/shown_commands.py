"""The commands that README and docs show."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN_WHOLE = ("your-own-loss.md", "your-own-study.md")
"""Pages that a test of the workflow runs from end to end."""


def blocks(page: str) -> list[tuple[str, str, str]]:
    """(path of the file that it is, or nothing; kind; text) of every block of a page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """(page, command) of every line of a shell block and every inline `overheard …` or `make …`."""
    found = []
    for page in (page for page in PAGES if page.name not in RUN_WHOLE):
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        lines = [line.split("  #")[0].split(" # ")[0].strip() for block in blocks for line in block.splitlines()]
        for paragraph in re.sub(r"```.*?```", "", text, flags=re.DOTALL).split("\n\n"):
            if "not run here" not in paragraph:
                lines += re.findall(r"`((?:overheard|make|snakemake|source) [^`…]*)`", paragraph)
        found += [(page.name, line) for line in lines if line]
    return sorted(set(found))


def arguments(command: str) -> list[str]:
    """A command's words, with a real name and folder where the page has a placeholder."""
    words = {"NAME": "twin", "mine": "twin", "DIR": "folder", "SCENES": "folder", "mn04_as_mAP_432.pt": "folder/x.pt"}
    if "--experiment" in command:
        words["NAME"] = "own"
    return [words.get(word, word) for word in shlex.split(command)]


def needs_snakemake(words: list[str]) -> bool:
    """Whether a command asks Snakemake: it is tried among the tests of the workflow."""
    return words[0] == "snakemake" or (words[:2] == ["overheard", "run"] and len(words) > 2)


def make_project(folder: Path) -> Path:
    """A user's folder with the project's configurations and what the placeholders name."""
    shutil.copytree(ROOT / "config", folder / "config")
    for name in ("beach", "farm"):
        for part in ("vision", "sound"):
            (folder / "folder" / part / name).mkdir(parents=True)
        for number in range(5):
            clip = f"{name}{number}"
            colour = (10 * number, 9 * len(name), 200)
            Image.new("RGB", (32, 32), colour).save(folder / "folder" / "vision" / name / f"{clip}.png")
            tone = np.sin(np.arange(32000) * (number + len(name)) / 50) / 2
            soundfile.write(folder / "folder" / "sound" / name / f"{clip}.wav", tone, 16000)
    (folder / "folder" / "x.pt").write_text("")
    (folder / "config" / "own.yaml").write_text("seeds: [0]\nsource: {kind: directory, pairs: folder}\n")
    (folder / "folder" / "profile.yaml").write_text("latency-wait: 5\n")
    return folder
