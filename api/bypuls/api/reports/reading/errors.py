"""What is wrong with a file as a whole; the message tells the user what to change."""

from __future__ import annotations


class FileProblem(ValueError):
    """A file that can't be reported on: no table, no speeds, dates that may be read in two ways."""
