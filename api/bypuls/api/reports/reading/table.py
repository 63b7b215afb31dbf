"""A table in a text file: encoding, delimiter, headings, rows with their line numbers."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from bypuls.api.reports.reading.errors import FileProblem

DELIMITERS: Mapping[str, str] = {";": ";", ",": ",", "tab": "\t", "\t": "\t"}
HEAD_LINES = 200
_GZIP = b"\x1f\x8b"
_FOREIGN: Mapping[bytes, str] = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "an Excel workbook or another archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A file's table. first_line : number of its first line of data, 1 = the file's first.

    skipped : lines before it.  columns : index of each key that was found.  where : index → value."""

    name: str
    lines: list[str]
    first_line: int
    skipped: int
    delimiter: str
    columns: Mapping[str, int]
    headings: tuple[str, ...]
    where: Mapping[int, str]

    def rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """Line number and fields; None for a line that the CSV reader refuses."""
        reader = csv.reader(iter(self.lines), delimiter=self.delimiter, skipinitialspace=True)
        before = 0
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield self.first_line + before, None
                before = reader.line_num
                continue
            yield self.first_line + before, row
            before = reader.line_num

    def batches(self, size: int) -> Iterator[tuple[Sequence[int], list[list[str] | None]]]:
        """Line numbers and fields, `size` lines at a time. Without quotes a line is a row, and a batch one call."""
        quoted = any('"' in line for line in self.lines)
        if quoted:
            rows = self.rows()
            while batch := list(islice(rows, size)):
                yield [number for number, _ in batch], [row for _, row in batch]
            return
        for first in range(0, len(self.lines), size):
            lines = self.lines[first : first + size]
            places = range(self.first_line + first, self.first_line + first + len(lines))
            try:
                yield places, list(csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True))
            except csv.Error:
                part = replace(self, lines=lines, first_line=places[0])
                found = list(part.rows())
                yield [number for number, _ in found], [row for _, row in found]


def lines_of(path: Path, encoding: str | None) -> list[str]:
    """The lines of a text file, gzipped or not. encoding : None = UTF-8, or Latin-1 where it isn't that.
    Raises FileProblem."""
    raw = bytes_of(path)
    for mark, what in _FOREIGN.items():
        if raw.startswith(mark):
            raise FileProblem(f"{path.name}: not a text file but {what}; export it as CSV first")
    if encoding is not None:
        try:
            return raw.decode(encoding).splitlines()
        except UnicodeDecodeError as error:
            raise FileProblem(f"{path.name}: {error}; expected text in {encoding}") from error
        except LookupError as error:
            raise FileProblem(f"--encoding {encoding!r}: expected an encoding such as utf-8 or latin-1") from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16").splitlines()
        except UnicodeDecodeError as error:
            raise FileProblem(f"{path.name}: {error.reason}; expected whole UTF-16, as its first bytes say") from error
    if b"\x00" in raw[:4096]:
        raise FileProblem(f"{path.name}: not a text file; export it as CSV first")
    try:
        return raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return raw.decode("latin-1").splitlines()  # every byte is a letter there


def bytes_of(path: Path) -> bytes:
    """What stands in a file, unpacked where it is gzipped. Raises FileProblem."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileProblem(f"{path}: {error.strerror}; expected a file that can be read") from error
    if not raw.startswith(_GZIP):
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError) as error:
        raise FileProblem(f"{path.name}: {error}; expected a whole gzip file") from error


def delimiters(lines: Sequence[str], asked: str | None) -> list[str]:
    """What may divide the fields, likeliest first. asked : one of `DELIMITERS`, None = found out.
    Raises FileProblem."""
    if asked is not None:
        if asked not in DELIMITERS:
            raise FileProblem(f"--delimiter {asked!r}: expected ; or , or tab")
        return [DELIMITERS[asked]]
    head = lines[:HEAD_LINES]
    # Where ; or a tab divides most lines, a comma is a decimal comma.
    filled = sum(1 for line in head if line.strip())
    often = [mark for mark in (";", "\t") if sum(mark in line for line in head) * 2 > filled]
    return [*often, *(mark for mark in (";", "\t", ",") if mark not in often)]


def fields_of(line: str, delimiter: str) -> list[str] | None:
    """The fields of one line; None where it isn't one of the CSV's."""
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except (csv.Error, StopIteration):
        return None


def where_of(headings: Sequence[str], asked: Mapping[str, str], name: str) -> dict[int, str]:
    """Index → value of the columns that lines are chosen by. Raises FileProblem for a column that isn't there."""
    found = {}
    folded = [heading.casefold() for heading in headings]
    for column, value in asked.items():
        if column.casefold() in folded:
            found[folded.index(column.casefold())] = value
        elif column.isdecimal() and int(column) >= 1:
            found[int(column) - 1] = value
        else:
            raise FileProblem(
                f"--where {column}={value}: no such column in {name}; expected one of {', '.join(headings)}"
            )
    return found


def is_number(text: str) -> bool:
    """Whether a field is a number, with point or comma."""
    try:
        float(text.strip().replace(",", "."))
    except ValueError:
        return False
    return True
