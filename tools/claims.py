"""Write the tables of docs/claims.md: the paper's claims, and what its printed numbers alone say of them. Run by `make docs`."""

import re
from pathlib import Path

from overheard.io import artifacts
from overheard.scores import claims, claims_table, frames, printed_claims
from overheard.scores.origin import Origin
from overheard.study import checking
from overheard.study.claims_file import as_settings, load_claims
from overheard.study.study_file import Study
from overheard.study.yaml_file import read_yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "claims.md"


def tables() -> dict[str, str]:
    """The Markdown of each part of the page, by name."""
    study = checking.check(Study, read_yaml(ROOT / "config" / "studies" / "advance.yaml"), "study")
    own = load_claims(ROOT, study)
    assert own is not None
    listed, printed = (
        as_settings(own),
        printed_claims.numbers(artifacts.read_table(ROOT / study.published), study.published),
    )
    found = claims.answers(printed_claims.evidences(claims.questions(listed), printed))
    verdicts = claims_table.Verdicts(listed, {}, found, Origin("", ""), own.caveat)
    shown = claims_table.claims_frame(listed)
    shown["Family"] = [claim["family"] for claim in listed]
    shown["Printed numbers alone, if ± is of five runs"] = [verdicts.of(claim, found) for claim in listed]
    labels = {method: its.label for method, its in study.methods.items()}
    return {"claims": frames.pipe(shown, 4), "printed": "\n\n".join(claims_table.printed_parts(verdicts, labels))}


def written(page: str) -> str:
    """The page with its tables as they are now."""
    for name, text in tables().items():
        block = f"<!-- {name}: written by tools/claims.py -->\n\n{text}\n\n<!-- end of {name} -->"
        page = re.sub(rf"<!-- {name}: .*?<!-- end of {name} -->", lambda _, block=block: block, page, flags=re.DOTALL)
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(PAGE)
