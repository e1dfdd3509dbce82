"""The command `overheard`. Kept light: a job that a warm process runs pays for no import of its own."""

import os
import sys


def main() -> None:
    """Run the command line, or hand a training or evaluation job to the warm process of `overheard run`."""
    address = os.environ.get("OVERHEARD_WARM")
    if (
        address
        and sys.argv[1:2] != []
        and sys.argv[1] in ("pretrain", "teacher", "train", "evaluate")
        and "--help" not in sys.argv
    ):
        from overheard.warm import hand_over

        code = hand_over(address, sys.argv[1:])
        if code is not None:
            sys.exit(code)
    from overheard.cli import app

    app(prog_name="overheard")


if __name__ == "__main__":
    main()
