"""The paper's claims judged on what was measured here, and on the printed numbers alone."""

from dataclasses import dataclass
from typing import Any

from overheard.io import artifacts, progress
from overheard.io.signature import Reads, Writes
from overheard.scores import claims as judging
from overheard.scores import claims_table, differences, printed_claims, tabular
from overheard.scores.cells import Ask
from overheard.scores.origin import Origin
from overheard.scores.published import COLUMNS as PUBLISHED_COLUMNS


@dataclass(frozen=True)
class Settings:
    """The claims, and what is said of the numbers that judge them."""

    experiment: str
    source: dict[str, Any]  # an Origin
    protocol: str
    seeds: list[int]
    paper: str
    caveat: str  # of verdicts on the printed numbers
    claims: list[dict[str, Any]]  # as study/claims_file.py gives them
    labels: dict[str, str]  # what each method is called
    remarks: list[str]  # lines that stand in every caption


def claims(comparisons: list[Reads], published: Reads, settings: Settings, verdicts: Writes, markdown: Writes) -> None:
    """Judge each claim.

    Args:
        comparisons: differences of the rows of each table, with their intervals.
        published: the paper's printed numbers.
        settings: the claims.
        verdicts: one line a comparison, verdicts on what was measured and on what is printed in columns of their own.
        markdown: the same to be read.
    """
    source = Origin(**settings.source)
    pairs = [line for path in comparisons for line in artifacts.read_table(path, differences.COLUMNS)]
    compared = differences.differences(pairs, ", ".join(map(str, comparisons)))
    printed = printed_claims.numbers(artifacts.read_table(published, PUBLISHED_COLUMNS), str(published))

    asked = judging.questions(settings.claims)
    found = claims_table.Verdicts(
        settings.claims,
        judging.answers({each: judging.measured(each, compared) for each in asked}),
        judging.answers(printed_claims.evidences(asked, printed)),
        source,
        settings.caveat,
    )
    ask = Ask(settings.experiment, source, settings.protocol, settings.seeds, False, {})
    said = [
        tabular.origin(ask),
        f"n = {len(ask.seeds)} seed{'s' if len(ask.seeds) > 1 else ''}.",
        *map(tabular.sentence, settings.remarks),
    ]

    artifacts.write_text(verdicts, claims_table.as_csv(found))
    title = f"What the paper claims, judged: {settings.paper}"
    artifacts.write_text(markdown, claims_table.markdown(found, title, said, settings.labels))
    progress.step(1, 1, f"{len(settings.claims)} claims")
