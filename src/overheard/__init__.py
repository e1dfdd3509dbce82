"""Regenerate the tables and figures of a paper on cross-task transfer for audiovisual aerial scene recognition."""

__version__ = "0.1.0"
