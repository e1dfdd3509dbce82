"""The commands of lineage: no logic, only what is asked and who answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from overheard.errors import ConfigError
from overheard.io import whole

_PANEL = "Where a number comes from"
_SHARING = "Sharing results"
_Name = Annotated[str, typer.Argument(help="The experiment: results/NAME/, else reference/NAME/.")]
_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def place_of(name: str) -> Path:
    """The folder whose records are asked for: `results/NAME`, else `reference/NAME` here or in the project.

    A name may say which: `reference/twin`.

    Raises:
        ConfigError: there is none.
    """
    from overheard.study.experiments import project_root

    roots = [Path("results"), Path("reference"), project_root() / "reference"]
    kind, _, rest = name.rpartition("/")
    places = [root / rest for root in roots if kind in ("", root.name)]
    for place in places:
        if place.is_dir():
            return place
    known = sorted({path.name for root in roots for path in root.glob("*") if path.is_dir()})
    raise ConfigError(
        f"results/{name}: no such results, and no reference/{name}; there are: {', '.join(known) or 'none'}"
    )


def show(
    name: Annotated[str, typer.Argument(help="The experiment.")],
    word: Annotated[str, typer.Argument(help="A table (table2, figure6, …), claims or statistics.")],
) -> None:
    """Print a table, the claims judged, or the statistics."""
    from overheard.command import show as showing

    showing.show(name, word)


def status(
    name: Annotated[str | None, typer.Argument(help="The experiment; all by default.")] = None,
    why: Annotated[
        str | None, typer.Option(help="Why TARGET would run: a file, a stage, or a job's words as in a log.")
    ] = None,
    json: _Json = False,
) -> None:
    """Say what is fresh, stale, missing, interrupted or edited by hand, and what a run would compute."""
    from overheard.lineage import status as answers
    from overheard.lineage import why as reasons

    if why is not None and name is None:
        raise ConfigError("--why needs the experiment: `overheard status twin --why train`")
    if why is not None:
        print(reasons.why_as_json(name, why) if json else reasons.why_text(name, why))
    elif json:
        import json as writer

        found = answers.all_as_json() if name is None else answers.as_json(answers.look(name))
        print(writer.dumps(found, indent=1, sort_keys=True))
    else:
        print(answers.all_status_text() if name is None else answers.status_text(name))


def trace(
    name: _Name,
    file: Annotated[Path | None, typer.Argument(help="A file of the results, in place of a cell.")] = None,
    table: Annotated[str | None, typer.Option(help="E.g. table2.")] = None,
    row: Annotated[str | None, typer.Option(help="A method, e.g. scene+event.")] = None,
    column: Annotated[str | None, typer.Option(help="A modality: image, sound or image+sound.")] = None,
    metric: Annotated[
        str | None, typer.Option(help="A word of scores/metrics.py; f_score, or the table's first, if left out.")
    ] = None,
    json: _Json = False,
    dot: Annotated[bool, typer.Option("--dot", help="As a graph in the language of Graphviz.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Draw the graph into this file.")] = None,
) -> None:
    """From a cell of a table, or a file, back to its runs, settings, code, data, machine and cost."""
    from overheard.lineage import trace as traces
    from overheard.lineage import trace_drawing, trace_text

    folder = place_of(name)
    if file is not None:
        found = traces.trace_file(folder, file)
    elif table is None or row is None or column is None:
        raise ConfigError(
            "give a file, or a cell by --table, --row and --column, e.g. --table table2 --row scene --column image"
        )
    else:
        found = traces.trace_cell(folder, table, row, column, metric)
    if svg is not None:
        if not svg.parent.is_dir():
            raise ConfigError(f"--svg {svg}: no folder {svg.parent}; make it, or give another path")
        whole.write_bytes(svg, trace_drawing.svg(found))
        print(svg)
    else:
        print(traces.as_json(found) if json else trace_drawing.as_dot(found) if dot else trace_text.as_text(found))


def audit(
    name: _Name,
    recompute: Annotated[
        int, typer.Option(min=0, help="Rerun so many random jobs from scratch and compare bytes.")
    ] = 0,
    seed: Annotated[int | None, typer.Option(help="Which jobs --recompute draws.")] = None,
) -> int:
    """Hash everything again, recompute every cell, look for leaks; ends non-zero if something does not hold."""
    from overheard.lineage import audit as audits
    from overheard.sharing.audit_saved import audit_saved

    audited = audits.audit(place_of(name), recompute, seed, also={"reading what was saved": audit_saved})
    print(audits.as_text(audited))
    return 1 if audited.findings else 0


def leaks(name: _Name) -> int:
    """Every way in which a test location could have reached training, and what was found."""
    from overheard.lineage.leak_report import allowed_by_protocol, leak_report

    place = place_of(name)
    found = leak_report(place, allowed_by_protocol(place.name))
    print(found.as_markdown())
    return 1 if found.has_forbidden else 0


def store(
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what was not used for longest, down to the bound.")
    ] = False,
    gigabytes: Annotated[float | None, typer.Option(min=0, help="With --prune: another bound than usual.")] = None,
) -> None:
    """Say what the store of finished work takes; it is a cache: deleting it costs time, nothing else."""
    from overheard.jobs import store as answers

    place = answers.folder()
    if place is None:
        print("OVERHEARD_STORE=off: no store")
        return
    limit = answers.limit_bytes() if gigabytes is None else int(gigabytes * 1e9)
    if prune:
        freed, entries = answers.prune(place, limit)
        print(f"{freed / 1e9:.2f} GB freed, {entries} results removed")
    size, files, entries = answers.usage(place)
    print(f"{place}/: {size / 1e9:.2f} GB of at most {limit / 1e9:.0f}, {files} files of {entries} jobs")


def crate(
    name: _Name,
    target: Annotated[Path, typer.Argument(help="A folder that is not there yet.")],
    agent: Annotated[str | None, typer.Option(help="Who ran it: a name.")] = None,
    agent_id: Annotated[str | None, typer.Option("--agent-id", help="E.g. https://orcid.org/…")] = None,
) -> None:
    """Write a Workflow Run RO-Crate (Provenance profile): the run for machines that read JSON-LD."""
    from overheard.sharing.crate import write_crate

    print(write_crate(place_of(name), target, agent, agent_id))


def croissant(
    name: _Name,
    target: Annotated[Path, typer.Argument(help="A JSON file that is not there yet.")],
) -> None:
    """Describe the data set of an experiment in Croissant's JSON-LD."""
    from overheard.sharing.croissant import describe

    describe(place_of(name), target)
    print(target)


def save(
    name: Annotated[str, typer.Argument(help="The experiment.")],
    verify: Annotated[bool, typer.Option("--verify", help="Read the remote back and hash it again.")] = False,
    pack: Annotated[bool, typer.Option("--pack", help="Write the archives alone, as `dvc repro` asks.")] = False,
) -> None:
    """Keep results where others get them: what is small in git, the rest in DVC's remote."""
    from overheard.sharing import save as saving

    print(saving.save(name, verify, pack))


def restore(
    name: Annotated[str, typer.Argument(help="The experiment.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that have other content.")] = False,
) -> None:
    """Pull saved results and put them back, so that a run finds nothing to do."""
    from overheard.sharing import restore as restoring

    print(restoring.restore(name, force))


def reference(
    name: Annotated[str, typer.Argument(help="The reference run: reference/NAME/.")],
    write: Annotated[bool, typer.Option("--write", help="Make it from results/NAME/, audited first.")] = False,
    dirty: Annotated[bool, typer.Option("--dirty", help="With --write: also from sources that git has not.")] = False,
    into: Annotated[Path | None, typer.Option(help="Where the tables go; results/NAME-reference/ by default.")] = None,
) -> int:
    """Count every table again from the predictions in git, and draw most figures; nothing is trained."""
    from overheard.sharing import reference as references

    if write:
        print(references.write_reference(name, dirty))
        return 0
    text, code = references.recompute_reference(name, into)
    print(text)
    return code


def check(
    name: Annotated[str, typer.Argument(help="The experiment.")],
    all_cells: Annotated[bool, typer.Option("--all", help="Show the cells of the same bytes too.")] = False,
) -> int:
    """Compare a fresh run with the reference run by cell: same bytes, within tolerance, within seed noise, or not."""
    from overheard.lineage import diff as differences

    text, code = differences.check(name, all_cells)
    print(text)
    return code


def diff(
    first: Annotated[str, typer.Argument(help="A commit, an experiment, or a folder of results.")],
    second: Annotated[str, typer.Argument(help="Another.")],
    experiment: Annotated[str | None, typer.Option(help="Of two commits: which experiment.")] = None,
) -> None:
    """Which cells moved, by how much, within seed noise or not, and through which cause."""
    from overheard.lineage import diff as differences

    print(differences.as_text(differences.diff(first, second, experiment)))


def compare(
    name: _Name,
    first: Annotated[str, typer.Argument(metavar="A", help="A row: `scene@image`, or `scene` with --modality.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    modality: Annotated[str | None, typer.Option(help="Column of rows that name none: image, image+sound.")] = None,
    by: Annotated[str | None, typer.Option(help="Where they differ: class, seed or location.")] = None,
    metric: Annotated[str, typer.Option(help="A word of scores/metrics.py, as f_score or accuracy.")] = "f_score",
    seed: Annotated[
        int | None, typer.Option(help="McNemar's test of this seed, where a location has one clip.")
    ] = None,
) -> None:
    """Two rows on one screen: difference, intervals and what each covers, and what would decide."""
    from overheard.lineage import compare as comparing

    print(comparing.compare(place_of(name), (first, second), modality, by, metric, seed))


def score(
    name: _Name,
    predictions: Annotated[
        Path, typer.Argument(help="CSV: id, seed, and predicted (a class) or a score for each class.", metavar="CSV")
    ],
    against: Annotated[
        str | None, typer.Option(help="Compare with this row: `scene@image`, or `scene` with --modality.")
    ] = None,
    modality: Annotated[str | None, typer.Option(help="Column of that row.")] = None,
    by: Annotated[str | None, typer.Option(help="Where they differ: class, seed or location.")] = None,
    metric: Annotated[str, typer.Option(help="Of the comparison, as of `compare`.")] = "f_score",
    out: Annotated[Path | None, typer.Option(help="Write the scores of each seed into this file (JSON).")] = None,
) -> None:
    """Score predictions of a method trained anywhere else, on the same splits and by the same statistics."""
    from overheard.lineage import score as scoring

    print(scoring.score(place_of(name), predictions, against, modality, by, metric, out))


def register(app: typer.Typer, fixable: Callable) -> None:
    """Add the commands to the command line."""
    for command in (show, compare, score, status, trace, audit, leaks, diff, check, reference, store):
        app.command(rich_help_panel=_PANEL)(fixable(command))
    for command in (save, restore, crate, croissant):
        app.command(rich_help_panel=_SHARING)(fixable(command))
