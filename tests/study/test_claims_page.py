"""docs/claims.md: its tables are what `make docs` writes, and its example is a claims file."""

import re
import sys
from pathlib import Path

import yaml

from overheard.study.checking import check
from overheard.study.claims_file import Claims

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import claims as page  # noqa: E402


def test_the_tables_are_what_make_docs_writes():
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.written(text) == text


def test_the_page_names_where_the_paper_is_against_itself():
    """Image: L_SQ 73.98 > L_KL 73.52 > L_E 73.44; sound: L_KL 28.51 < L_s 28.99."""
    text = page.PAGE.read_text(encoding="utf-8")
    for said in (
        "event_best_image: L_s + L_E (image) above L_s + L_SQ on N_v+a (image), but -0.54 points",
        "event_best_image: L_s + L_E (image) above L_s + L_KL on N_v+a (image), but -0.08 points",
        "transfer_sound: L_s + L_KL on N_v+a (sound) above L_s (sound), but -0.48 points",
    ):
        assert said in text


def test_the_example_of_ones_own_claims_is_one():
    example = re.search(r"```yaml\n(paper:.*?)```", page.PAGE.read_text(encoding="utf-8"), re.DOTALL).group(1)
    assert list(check(Claims, yaml.safe_load(example), "docs/claims.md").claims) == ["better", "harmless"]
