"""The command `overheard`. Kept light: a job that a warm process runs pays for no import of its own."""

import io
import os
import sys
from pathlib import Path

from overheard.command import environment


def main() -> None:
    """Run the command line, or hand a training or evaluation job to the warm process of `overheard run`."""
    environment.settle()
    if snakemake := os.environ.get("OVERHEARD_PARENT"):
        from overheard.io.parent_death import die_with_snakemake

        die_with_snakemake(int(snakemake))
    asked = sys.argv[1:]
    if address := os.environ.get("OVERHEARD_WARM"):
        from overheard.jobs.fork_server import hand_over

        # it takes only the stages that it imported, and hangs up on everything else
        if asked and "--help" not in asked and (code := hand_over(address, asked)) is not None:
            sys.exit(code)
    from overheard.study.flow import STAGES

    if wrong := environment.other_code(Path.cwd()):
        # what only reads goes on; results must not be made by code that stands elsewhere
        makes = bool(asked) and asked[0] in ("run", *STAGES)
        print(f"{'error' if makes else 'warning'}: {wrong}", file=sys.stderr)
        if makes:
            sys.exit(2)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # where a terminal's encoding has no such sign, as ASCII lacks ±, another stands for it, and nothing crashes
        sys.stdout.reconfigure(errors="replace")
    if asked and asked[0] in STAGES:
        from overheard.jobs.command_line import run_command

        run_command(asked)
    from overheard.command.app import app

    environment.find_a_cache()
    app(prog_name="overheard")


if __name__ == "__main__":
    main()
