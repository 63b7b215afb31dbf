"""Speed reports from files of other loggers: single vehicles, or counts in speed classes."""

from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.speed.reading.files import read_files
from bypuls.api.reports.speed.reading.options import FileOptions

__all__ = ["FileOptions", "FileProblem", "read_files"]
