"""What went wrong with a file, in words that need no knowledge of error numbers."""

from __future__ import annotations

import errno
import os

_SENTENCES = {
    errno.ENOENT: "there is no such file or folder — expected one that is there",
    errno.EISDIR: "is a folder — expected a file",
    errno.ENOTDIR: "a part of this path is a file — expected a folder",
    errno.EACCES: "access is denied — expected a file that this user may read or write",
    errno.EROFS: "lies on a disk that can't be written to — expected another place",
    errno.ENOSPC: "the disk is full — expected room for the file",
    errno.EEXIST: "is there already — expected a new name",
}


def in_words(error: BaseException) -> str:
    """The error's own text; of what the operating system refused, the file and what was expected.

    An OSError that was given a sentence keeps it."""
    if not isinstance(error, OSError) or error.errno is None or error.filename is None:
        return str(error)
    sentence = _SENTENCES.get(error.errno, f"{error.strerror} — expected a file that can be used")
    return f"{os.fsdecode(error.filename) if not isinstance(error.filename, int) else error.filename}: {sentence}"
