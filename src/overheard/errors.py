"""A fault that a user can fix: the message names file or key, what was found, what was expected, the next command."""


class OverheardError(Exception):
    """Base of all errors that end a command with one message and exit code 2."""


class ConfigError(OverheardError):
    """A configuration key is unknown, of the wrong type or impossible."""


class MediaError(OverheardError):
    """A picture, a sound or a folder of them cannot be used as it is."""


class PairingError(OverheardError):
    """Things that must have the same keys do not."""


class CheckpointError(OverheardError):
    """A checkpoint or weights file belongs to other settings or another network."""


class DivergedError(OverheardError):
    """A training whose loss or weights are no numbers any more."""


DIVERGED = "diverged: "
"""What the message of such a training's job begins with, so that its log says why there is no student."""


class LineageError(OverheardError):
    """A record, or a file that a record describes, is not what it should be."""
