"""The command line: no logic, only what is asked and who answers."""

import errno
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from overheard.command import questions
from overheard.errors import OverheardError
from overheard.jobs.runner import os_message
from overheard.study.flow import STAGES

_STUDY_PANEL = "A study"
_STAGE_PANEL = "One stage of it by hand (each job's log begins with such a line)"


class _Commands(TyperGroup):
    """Commands in the order of the flow; a stage is only listed, `__main__` runs it."""

    def list_commands(self, ctx: typer.Context) -> list[str]:
        return [*self.commands, *STAGES]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | TyperGroup | None:
        if cmd_name not in STAGES:
            return super().get_command(ctx, cmd_name)
        return TyperCommand(cmd_name, help=STAGES[cmd_name].help, rich_help_panel=_STAGE_PANEL)


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Regenerate every table and figure of a paper on transfer for audiovisual aerial scene recognition.",
)


@app.callback()
def _root() -> None:
    pass


def _misplaced(error: OSError) -> str | None:
    """One line for a path of which the file system says that nothing can be read or written there, or None."""
    places = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP)
    if error.errno == errno.ENOENT and str(error.strerror).startswith("No usable temporary directory"):
        return f"{error.strerror}; set TMPDIR to a folder in which you may write"
    if error.errno not in places or not error.filename:
        return None
    # not every error brings its words
    words = os.strerror(error.errno).lower()
    return f"{error.filename}: {words}; give another path, or move away what is in its place"


def _fixable(command: Callable[..., int | None]) -> Callable[..., None]:
    """Turn trouble that a user can fix into one message and exit code 2."""

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        """The command; exits with 2 and one message where a user can fix what is wrong."""
        try:
            code = command(*args, **kwargs)
        except OverheardError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(2) from error
        except OSError as error:
            message = os_message(command.__name__, error) or _misplaced(error)
            if message is None:
                raise
            print(f"error: {message}", file=sys.stderr)
            raise typer.Exit(2) from error
        raise typer.Exit(code or 0)

    return guarded


@app.command(rich_help_panel=_STUDY_PANEL)
@_fixable
def run(
    name: Annotated[str, typer.Argument(help="The experiment: config/NAME.yaml makes results/NAME/.")],
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, e.g. train.epochs=5; needs --as.")
    ] = None,
    new: Annotated[
        str | None, typer.Option("--as", help="Write the changed configuration as config/NEW.yaml and run it.")
    ] = None,
    cores: Annotated[int | None, typer.Option(min=1, help="Jobs at once; all cores by default.")] = None,
    until: Annotated[str | None, typer.Option(help=f"Stop after a stage: {', '.join(STAGES)}.")] = None,
    table: Annotated[
        str | None, typer.Option(help="Only what one table or figure needs, e.g. table2, figure6.")
    ] = None,
    row: Annotated[str | None, typer.Option(help="Only one method, e.g. scene+event.")] = None,
    column: Annotated[str | None, typer.Option(help="Only one modality: image, sound or image+sound.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and stop.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="After a failed job, go on with those that do not need it.")
    ] = False,
    partial: Annotated[
        bool,
        typer.Option(
            "--partial", help="With --keep-going: make the tables from the runs there are; their cells say `3 of 5`."
        ),
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option(help="A Snakemake profile, as for a cluster: how and where jobs run; no other profile counts."),
    ] = None,
) -> int:
    """Make an experiment's tables and figures; run again after an interruption, it goes on where it stopped."""
    from overheard.command.run import run_experiment
    from overheard.scheduling.reruns import Wanted

    wanted = Wanted(until=until, table=table, row=row, column=column)
    return run_experiment(
        name,
        wanted,
        changes=changes or (),
        new=new,
        cores=cores,
        dry_run=dry_run,
        keep_going=keep_going,
        partial=partial,
        profile=profile,
    )


@app.command(rich_help_panel=_STUDY_PANEL)
@_fixable
def ablate(
    name: Annotated[str, typer.Argument(help="The experiment.")],
    method: Annotated[
        list[str] | None, typer.Option(help="A row of the study; scene and scene+event by default.")
    ] = None,
    modality: Annotated[
        list[str] | None, typer.Option(help="A column of the study; image and image+sound by default.")
    ] = None,
    switch: Annotated[list[str] | None, typer.Option(help="Flip this switch of the protocol alone.")] = None,
    vary: Annotated[
        list[str] | None, typer.Option(help="key=value,value,…: a grid in place of flips, e.g. alpha=0.01,0.1,1.")
    ] = None,
    over: Annotated[str | None, typer.Option(help="splits or worlds: other draws of them, in place of flips.")] = None,
    n: Annotated[int, typer.Option("--n", help="With --over: how many, with the experiment's own.")] = 5,
    on_validation: Annotated[
        bool,
        typer.Option("--on-validation", help="With --vary: compare by validation clips, not test clips."),
    ] = False,
    again: Annotated[
        int, typer.Option(min=0, help="So many of the most valuable changes are measured again on fresh seeds.")
    ] = 3,
    cores: Annotated[int | None, typer.Option(min=1, help="Jobs at once; all cores by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be trained, and stop.")] = False,
) -> int:
    """Flip each switch of the protocol alone, and back from the released one; say what each is worth."""
    from overheard.command.ablate import Asked
    from overheard.command.ablate import ablate as run_ablation

    rows = {"methods": method, "modalities": modality, "switches": switch, "vary": vary}
    given = {word: tuple(values) for word, values in rows.items() if values}
    return run_ablation(Asked(name, **given, over=over, n=n, validation=on_validation, again=again), cores, dry_run)


@app.command(rich_help_panel=_STUDY_PANEL)
@_fixable
def tune(
    name: Annotated[str, typer.Argument(help="The experiment.")],
    trials: Annotated[int, typer.Option(help="Of each row, with its own settings.")] = 6,
    worlds: Annotated[int, typer.Option(min=1, help="Of the twin, whose validation clips choose.")] = 4,
    method: Annotated[list[str] | None, typer.Option(help="A row of the study; all by default.")] = None,
    cores: Annotated[int | None, typer.Option(min=1, help="Jobs at once; all cores by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be trained, and stop.")] = False,
) -> int:
    """Give every row the same number of trials, choose by validation, test on fresh seeds."""
    from overheard.command.tune import tune as search

    return search(name, trials, worlds, method or [], cores, dry_run)


@app.command(rich_help_panel=_STUDY_PANEL)
@_fixable
def controls(
    name: Annotated[
        str, typer.Argument(help="An experiment whose study has controls; by default config/controls.yaml.")
    ] = "controls",
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Of each control; by default as many as the power asks for.")
    ] = None,
    cores: Annotated[int | None, typer.Option(min=1, help="Jobs at once; all cores by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be trained, and stop.")] = False,
) -> int:
    """Run worlds and changes that decide what transfer must do, and say which came out as expected."""
    from overheard.command.controls import controls as run_controls

    return run_controls(name, seeds, cores, dry_run)


@app.command(rich_help_panel=_STUDY_PANEL)
@_fixable
def init(
    name: Annotated[str, typer.Argument(help="Name of the new experiment: config/NAME.yaml is written.")],
    folder: Annotated[
        Path, typer.Option("--from", help="Folder with vision/<class>/ and sound/<class>/; of tau, with video/ too.")
    ],
    study: Annotated[str | None, typer.Option(help="Which rows and tables: a file of config/studies/.")] = None,
    scenes: Annotated[
        Path | None, typer.Option(help="Folder <class>/<picture> to pre-train the image network on.")
    ] = None,
    tagger: Annotated[Path | None, typer.Option(help="Weights of the tagger mn04 (mn04_as_mAP_432.pt).")] = None,
) -> None:
    """Write an annotated configuration for a folder of your own."""
    from overheard.command.initialise import write_config

    print(write_config(name, study, folder, scenes, tagger))


@app.command(rich_help_panel=_STUDY_PANEL)
@_fixable
def doctor(
    folder: Annotated[Path | None, typer.Argument(help="A folder of pairs to look at, too.", metavar="[DIR]")] = None,
    experiment: Annotated[
        str | None, typer.Option(help="Read the folder with this experiment's settings, as source.range.")
    ] = None,
) -> int:
    """Say what this machine, this installation and a folder are like; ends with 2 if a run would fail."""
    from overheard.command.doctor import examine

    text, code = examine(folder, experiment)
    print(text)
    return code


@app.command(rich_help_panel=_STUDY_PANEL)
@_fixable
def report(name: Annotated[str, typer.Argument(help="The experiment.")]) -> int:
    """Make Snakemake's HTML report of a finished experiment: results/NAME/report.html."""
    from overheard.command.run import make_report

    return make_report(name)


@app.command(rich_help_panel=_STUDY_PANEL)
@_fixable
def clean(
    name: Annotated[str, typer.Argument(help="The experiment.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete; without it the command only says what it would free.")
    ] = False,
) -> None:
    """Say what an experiment's files take, and delete them with --yes."""
    from overheard.command.clean import clean_experiment

    print(clean_experiment(name, yes))


questions.register(app, _fixable)
