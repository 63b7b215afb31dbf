"""A report that can be computed again: data as they were used, settings, version and hashes in one ZIP file.

data/<part>/vehicles.csv, bins.csv   the observations, times as µs UTC
data/<part>/about.json               their quality, resolution and coverage
settings.json, report.json           what decided the figures, and the figures
manifest.json                        version, parts, SHA-256 of every other file

It proves that the figures follow from these data by this version; not where the data came from."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from bypuls.api.reports.speed.build import build_report
from bypuls.api.reports.speed.compare import Pair
from bypuls.api.reports.speed.model import Limit, Quality, SpeedReport
from bypuls.api.reports.speed.observations import Bins, Observations, Vehicles
from bypuls.api.reports.speed.settings import Settings
from bypuls.api.reports.speed.to_json import to_json

MANIFEST = "manifest.json"
TOLERANCE = 1e-5
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_FLOATS = ("period_s", "uptime_s", "sum_kmh", "sum_kmh2", "max_kmh")


@dataclass(frozen=True, slots=True)
class Verified:
    """differences : what isn't as the bundle says, as paths of the report or names of files; none = it holds."""

    sha256: str
    version_then: str
    version_now: str
    differences: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether files and figures are as the bundle says."""
        return not self.differences


def write_bundle(
    report: SpeedReport,
    observations: Observations,
    settings: Settings,
    *,
    other: Observations | None = None,
    controls: Sequence[Pair] = (),
) -> bytes:
    """The ZIP file of a report and all that it was built from; the same input gives the same bytes."""
    files: dict[str, bytes] = {}
    _add(files, "main", observations)
    if other is not None:
        _add(files, "other", other)
    for number, pair in enumerate(controls, start=1):
        _add(files, f"control-{number}-before", pair.before)
        _add(files, f"control-{number}-after", pair.after)
    files["settings.json"] = TypeAdapter(Settings).dump_json(settings, indent=1)
    files["report.json"] = json.dumps(to_json(report), ensure_ascii=False, indent=1).encode()
    manifest = {
        "bundle": 1,
        "version": report.software.version,
        "other": other is not None,
        "controls": [
            {"name": pair.name, "limits": TypeAdapter(tuple[Limit, ...] | None).dump_python(pair.limits, mode="json")}
            for pair in controls
        ],
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    files[MANIFEST] = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def verify_bundle(path: Path) -> Verified:
    """Checks the hashes, computes the report again and compares.

    Raises ValueError for a file that isn't a bundle, OSError."""
    raw = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(files[MANIFEST])
        hashes = dict(manifest["sha256"])
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}; expected a bundle of a speed report") from error
    differences = [
        name
        for name in sorted({*hashes, *files} - {MANIFEST})
        if name not in files or hashlib.sha256(files[name]).hexdigest() != hashes.get(name)
    ]
    if not differences:
        settings = TypeAdapter(Settings).validate_json(files["settings.json"])
        controls = [
            Pair(
                part["name"],
                _read(files, f"control-{number}-before"),
                _read(files, f"control-{number}-after"),
                TypeAdapter(tuple[Limit, ...] | None).validate_python(part["limits"]),
            )
            for number, part in enumerate(manifest["controls"], start=1)
        ]
        again = build_report(
            _read(files, "main"),
            settings,
            other=_read(files, "other") if manifest["other"] else None,
            controls=controls,
            allow_empty=True,
        )
        # The version is told apart: another one may well compute the same.
        then, now = json.loads(files["report.json"]), to_json(again)
        then.pop("software"), now.pop("software")
        _compare(then, now, "", differences)
    return Verified(hashlib.sha256(raw).hexdigest(), str(manifest["version"]), version("bypuls"), tuple(differences))


def _compare(then: Any, now: Any, place: str, differences: list[str]) -> None:
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted({*then, *now}):
            if key not in then or key not in now:
                differences.append(f"{place}.{key}".lstrip("."))
            else:
                _compare(then[key], now[key], f"{place}.{key}", differences)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for at, (one, two) in enumerate(zip(then, now, strict=True)):
            _compare(one, two, f"{place}[{at}]", differences)
    elif isinstance(then, int | float) and isinstance(now, int | float):
        if abs(then - now) > TOLERANCE * max(1.0, abs(then)):
            differences.append(place.lstrip("."))
    elif then != now:
        differences.append(place.lstrip("."))


def _add(files: dict[str, bytes], part: str, observations: Observations) -> None:
    if observations.vehicles is not None:
        files[f"data/{part}/vehicles.csv"] = _vehicles_csv(observations.vehicles)
    for name, bins in (("bins", observations.bins), ("free_flow", observations.free_flow)):
        if bins is not None:
            files[f"data/{part}/{name}.csv"] = _bins_csv(bins)
    about = {
        "quality": TypeAdapter(Quality).dump_python(observations.quality, mode="json"),
        "resolution_kmh": observations.resolution_kmh,
        "coverage": {day.isoformat(): share for day, share in observations.coverage.items()},
    }
    files[f"data/{part}/about.json"] = json.dumps(about, ensure_ascii=False, indent=1).encode()


def _read(files: dict[str, bytes], part: str) -> Observations:
    about = json.loads(files[f"data/{part}/about.json"])
    vehicles = files.get(f"data/{part}/vehicles.csv")
    bins, free = files.get(f"data/{part}/bins.csv"), files.get(f"data/{part}/free_flow.csv")
    return Observations(
        None if vehicles is None else _vehicles(vehicles),
        None if bins is None else _bins(bins),
        TypeAdapter(Quality).validate_python(about["quality"]),
        None if free is None else _bins(free),
        about["resolution_kmh"],
        {date.fromisoformat(day): share for day, share in about["coverage"].items()},
    )


def _vehicles_csv(one: Vehicles) -> bytes:
    names = np.array([*one.directions, ""])
    columns: dict[str, Sequence[Any]] = {"speed_kmh": one.speed_kmh.tolist()}
    if one.t_us is not None:
        columns["t_us"] = one.t_us.tolist()
    if one.direction is not None:
        columns["direction"] = names[one.direction].tolist()
    if one.length_m is not None:
        columns["length_m"] = one.length_m.tolist()
    if one.vehicle_class is not None:
        columns["vehicle_class"] = one.vehicle_class.tolist()
    return _csv(columns)


def _vehicles(raw: bytes) -> Vehicles:
    columns = _columns(raw)
    direction, names = _directions(columns)
    return Vehicles(
        np.array(columns["speed_kmh"], dtype=np.float64),
        np.array(columns["t_us"], dtype=np.int64) if "t_us" in columns else None,
        direction,
        names,
        np.array(columns["length_m"], dtype=np.float64) if "length_m" in columns else None,
        np.array(columns["vehicle_class"]) if "vehicle_class" in columns else None,
    )


def _bins_csv(one: Bins) -> bytes:
    names = np.array([*one.directions, ""])
    columns: dict[str, Sequence[Any]] = {}
    if one.t_us is not None:
        columns["t_us"] = one.t_us.tolist()
    if one.direction is not None:
        columns["direction"] = names[one.direction].tolist()
    for name in _FLOATS:
        if (values := getattr(one, name)) is not None:
            columns[name] = values.tolist()
    if one.vehicle_class is not None:
        columns["vehicle_class"] = one.vehicle_class.tolist()
    columns["shift_kmh"] = [one.shift_kmh] * len(one.counts)
    edges = zip(one.lower_kmh.tolist(), one.upper_kmh.tolist(), strict=True)
    for at, (lower, upper) in enumerate(edges):
        columns[f"{lower!r}-{upper!r}"] = one.counts[:, at].tolist()
    return _csv(columns)


def _bins(raw: bytes) -> Bins:
    columns = _columns(raw)
    classes = [name for name in columns if "-" in name and name[0].isdigit()]
    edges = [tuple(float(edge) for edge in name.split("-")) for name in classes]
    direction, names = _directions(columns)
    kept = {name: np.array(columns[name], dtype=np.float64) for name in _FLOATS if name in columns}
    return Bins(
        np.array([lower for lower, _ in edges]),
        np.array([upper for _, upper in edges]),
        np.array([columns[name] for name in classes], dtype=np.float64).T,
        np.array(columns["t_us"], dtype=np.int64) if "t_us" in columns else None,
        direction=direction,
        directions=names,
        vehicle_class=np.array(columns["vehicle_class"]) if "vehicle_class" in columns else None,
        shift_kmh=float(columns["shift_kmh"][0]) if columns["shift_kmh"] else 0.0,
        **kept,
    )


def _directions(columns: dict[str, list[str]]) -> tuple[Any, tuple[str, ...]]:
    if "direction" not in columns:
        return None, ()
    names = tuple(sorted(set(columns["direction"]) - {""}))
    codes = {name: at for at, name in enumerate(names)} | {"": -1}
    return np.array([codes[name] for name in columns["direction"]], dtype=np.int64), names


def _csv(columns: dict[str, Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def _columns(raw: bytes) -> dict[str, list[str]]:
    rows = csv.reader(io.StringIO(raw.decode()))
    names = next(rows)
    values = list(zip(*rows, strict=True))
    return {name: list(values[at]) if values else [] for at, name in enumerate(names)}
