"""Files that the runner made and that lie in the folder of reports: what is there, and its content.

Only names that the runner booked are opened, below the folder alone; nothing of a request becomes a path. A link in a
file's place isn't followed, since a folder of reports may be one that others write to, too.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

import structlog

from bypuls.api.reports.schedule.making import MEDIA_TYPES, Named, named
from bypuls.store.book import ReportRun

log = structlog.get_logger("bypuls.reports")

_BOOKED = re.compile(r"([a-z0-9][a-z0-9-]{0,62})/([a-z0-9][a-z0-9.-]{0,250})", re.ASCII)
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})


class FileGone(FileNotFoundError):
    """A file that was made doesn't lie in the folder of reports any more, or something else lies in its place."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that the runner booked. path : below the folder of reports.  size : [bytes]; None = it isn't there."""

    path: str
    told: Named
    size: int | None

    @property
    def name(self) -> str:
        """Its name alone."""
        return self.path.rpartition("/")[2]

    @property
    def form(self) -> str:
        """pdf, xlsx …"""
        return self.told.form

    @property
    def media_type(self) -> str:
        """Its media type."""
        return MEDIA_TYPES[self.form]


def kept_files(run: ReportRun, folder: Path) -> list[KeptFile]:
    """What a run made, in the order of making."""
    found = []
    for line in run.files.splitlines():
        booked = _BOOKED.fullmatch(line)
        told = None if booked is None else named(booked[2])
        if told is not None:
            found.append(KeptFile(line, told, _size(folder / line)))
    return found


def read_kept(file: KeptFile, folder: Path) -> bytes:
    """A file's content.  Raises FileGone; another OSError where it is there and can't be read."""
    try:
        # Not waiting, either: a pipe in the file's place would be waited for for ever.
        descriptor = os.open(folder / file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _GONE:
            raise FileGone(f"{file.path}: it isn't in the folder of reports any more") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileGone(f"{file.path}: what lies in its place in the folder of reports is no file")
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read()


def _size(path: Path) -> int | None:
    try:
        found = path.lstat()
    except OSError as error:
        if error.errno not in _GONE:
            log.warning("the folder of reports can't be looked at", path=str(path), error=str(error))
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
