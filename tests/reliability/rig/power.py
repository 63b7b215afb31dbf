"""A power cut for SQLite files: what a process wrote after the last sync is gone.

`python -m rig.power MODULE ARGUMENT…` runs a module as `python -m` would, with a shim around SQLite's own VFS: at every
sync of a database or a WAL in the folder BYPULS_POWER its content until then is copied to `<name>.synced`. `cut`
afterwards puts these copies in place of the files. Stricter than most disks, which keep part of what was not synced.
The shim needs Python's sqlite3 to use a shared libsqlite3; `why_not` says where that is not so.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

_ENDINGS = ("", "-wal", "-journal")


class _Io(ctypes.Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = (
        ("version", ctypes.c_int),
        *((name, ctypes.c_void_p) for name in ("close", "read", "write", "truncate")),
        ("sync", ctypes.c_void_p),
        *((f"m{number}", ctypes.c_void_p) for number in range(13)),
    )


class _File(ctypes.Structure):
    _fields_ = (("methods", ctypes.POINTER(_Io)),)


class _Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("app_data", ctypes.c_void_p),
        ("open", ctypes.c_void_p),
        *((f"m{number}", ctypes.c_void_p) for number in range(15)),
    )


_OPEN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(_File), ctypes.c_int, ctypes.c_void_p
)
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_CLOSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


def _library() -> str | None:
    """The shared libsqlite3 that this process's sqlite3 module uses."""
    import sqlite3  # noqa: F401 - loads the library, where it is one

    maps = Path("/proc/self/maps")
    if not maps.exists():
        return None
    return next((line.split()[-1] for line in maps.read_text().splitlines() if "libsqlite3" in line), None)


def why_not() -> str | None:
    """Why there can be no power cut here; None where there can."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); from rig import power; sys.exit(power._library() is None)"
    found = subprocess.run([sys.executable, "-c", program, str(Path(__file__).parents[1])], check=False)
    return None if found.returncode == 0 else "this Python's sqlite3 has SQLite inside, not as a shared library"


class _Shim:
    """Wraps xOpen, xSync and xClose of the default VFS."""

    def __init__(self, library: str, folder: Path) -> None:
        sqlite = ctypes.CDLL(library)
        sqlite.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        self._vfs = sqlite.sqlite3_vfs_find(None).contents
        self._folder = folder
        self._paths: dict[int, Path] = {}
        self._open = _OPEN(self._vfs.open)
        self._tables: dict[int, tuple[_Io, object, object]] = {}
        self._kept = _OPEN(self._on_open)
        self._vfs.open = ctypes.cast(self._kept, ctypes.c_void_p)

    def _on_open(self, vfs: int, name: int | None, file: ctypes._Pointer[_File], flags: int, out: int | None) -> int:
        code = int(self._open(vfs, name, file, flags, out))
        if code == 0 and name is not None:
            path = Path(os.fsdecode(ctypes.cast(name, ctypes.c_char_p).value or b""))
            address = ctypes.cast(file, ctypes.c_void_p).value
            if path.is_relative_to(self._folder) and address is not None:
                self._paths[address] = path
                file.contents.methods = ctypes.pointer(self._wrapped(file.contents.methods))
        return code

    def _wrapped(self, methods: ctypes._Pointer[_Io]) -> _Io:
        original = ctypes.cast(methods, ctypes.c_void_p).value or 0
        if original not in self._tables:
            table = _Io.from_buffer_copy(methods.contents)
            sync, close = _SYNC(table.sync), _CLOSE(table.close)

            def on_sync(file: int, flags: int) -> int:
                path = self._paths[file]
                half = path.with_name(f"{path.name}.syncing")
                shutil.copyfile(path, half)
                half.replace(path.with_name(f"{path.name}.synced"))
                return int(sync(file, flags))

            def on_close(file: int) -> int:
                self._paths.pop(file, None)
                return int(close(file))

            kept = _SYNC(on_sync), _CLOSE(on_close)
            table.sync = ctypes.cast(kept[0], ctypes.c_void_p)
            table.close = ctypes.cast(kept[1], ctypes.c_void_p)
            self._tables[original] = table, *kept
        return self._tables[original][0]


def cut(folder: Path) -> dict[str, int]:
    """The power is off: every database in `folder` is as it was last synced; {file: bytes lost}."""
    lost: dict[str, int] = {}
    for base in folder.glob("*.db"):
        for ending in _ENDINGS:
            path = base.with_name(base.name + ending)
            synced = path.with_name(f"{path.name}.synced")
            before = path.stat().st_size if path.exists() else 0
            if synced.exists() and path.exists():
                synced.replace(path)
            else:
                synced.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
            lost[path.name] = before - (path.stat().st_size if path.exists() else 0)
        base.with_name(f"{base.name}-shm").unlink(missing_ok=True)
    return lost


def adopt(folder: Path) -> None:
    """What lies in `folder` now counts as synced: call it before the process starts."""
    for base in folder.glob("*.db"):
        for ending in _ENDINGS:
            path = base.with_name(base.name + ending)
            if path.exists():
                shutil.copyfile(path, path.with_name(f"{path.name}.synced"))


if __name__ == "__main__":
    here = _library()
    if here is None:
        sys.exit("no shared libsqlite3")
    shim = _Shim(here, Path(os.environ["BYPULS_POWER"]).resolve())
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
