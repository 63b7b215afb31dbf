"""JSON, CSV and the bundle that can be computed again."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from bypuls.api.reports.speed.build import build_report
from bypuls.api.reports.speed.bundle import verify_bundle, write_bundle
from bypuls.api.reports.speed.compare import Pair
from bypuls.api.reports.speed.formats import formats, rendered
from bypuls.api.reports.speed.model import Limit, Site, SpeedReport
from bypuls.api.reports.speed.observations import Observations
from bypuls.api.reports.speed.reading import FileOptions, read_files
from bypuls.api.reports.speed.settings import Settings

SETTINGS = Settings(Site("Søvej"), limits=(Limit("both", 50.0),))


def survey(path: Path, month: int, shift: int = 0) -> Observations:
    lines = ["time;speed;direction;length"]
    for day in range(2, 7):
        for n in range(240):
            speed = 40 + (n * 7 + day * 3) % 21 + shift
            lines.append(
                f"2026-{month:02d}-{day:02d} {n // 10:02d}:{n % 10 * 6:02d}:01;{speed};{'øst' if n % 3 else 'vest'};4,2"
            )
    path.write_text("\n".join(lines))
    return read_files([path], FileOptions())


@pytest.fixture
def before(tmp_path: Path) -> Observations:
    return survey(tmp_path / "before.csv", 3)


def report_of(observations: Observations) -> SpeedReport:
    return build_report(observations, SETTINGS)


def test_json_and_csv_are_always_there(before: Observations) -> None:
    assert formats()[:2] == ("json", "csv")
    told = json.loads(rendered(report_of(before), "json", "da"))
    assert told["statistics"]["all"]["n"] == 1200
    with pytest.raises(ValueError, match="lang: 'de'; expected da or en"):
        rendered(report_of(before), "json", "de")
    with pytest.raises(ValueError, match="format: 'docx'; expected one of json, csv"):
        rendered(report_of(before), "docx", "da")


def test_names_are_no_formulas_in_csv(before: Observations) -> None:
    report = report_of(before)
    named = replace(report, site=replace(report.site, name='=HYPERLINK("http://town.example")'))
    for lang, mark in (("da", ";"), ("en", ",")):
        rows = list(csv.reader(io.StringIO(rendered(named, "csv", lang).decode("utf-8-sig")), delimiter=mark))
        assert rows[0][1] == '\'=HYPERLINK("http://town.example")'
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


@pytest.mark.parametrize(
    ("lang", "mark", "v85_name", "decimal"), [("da", ";", "V85 km/t", ","), ("en", ",", "v85_kmh", ".")]
)
def test_csv_in_both_languages(before: Observations, lang: str, mark: str, v85_name: str, decimal: str) -> None:
    report = report_of(before)
    text = rendered(report, "csv", lang).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=mark))
    v85 = next(row for row in rows if row and row[0] == v85_name)
    assert float(v85[1].replace(decimal, ".")) == pytest.approx(report.statistics.all.v85_kmh, abs=1e-3)
    mean = next(row for row in rows if row and row[0] in ("middel km/t", "mean_kmh"))
    assert decimal in mean[1]
    assert (
        len([row for row in rows if row and row[0] == ("alle" if lang == "da" else "all") and row[1].isdecimal()]) >= 24
    )


def test_a_bundle_holds(tmp_path: Path, before: Observations) -> None:
    after = survey(tmp_path / "after.csv", 5, shift=-4)
    controls = (Pair("Parkvej", survey(tmp_path / "c1.csv", 3), survey(tmp_path / "c2.csv", 5)),)
    report = build_report(before, SETTINGS, other=after, controls=controls)
    packed = write_bundle(report, before, SETTINGS, other=after, controls=controls)
    assert packed == write_bundle(report, before, SETTINGS, other=after, controls=controls)
    path = tmp_path / "bundle.zip"
    path.write_bytes(packed)
    found = verify_bundle(path)
    assert found.differences == ()
    assert found.holds
    assert len(found.sha256) == 64


def changed(path: Path, name: str, old: bytes, new: bytes, *, hashes: bool) -> None:
    """A bundle with one file changed, with its hash made to fit where `hashes`."""
    with zipfile.ZipFile(path) as archive:
        files = {entry: archive.read(entry) for entry in archive.namelist()}
    assert old in files[name]
    files[name] = files[name].replace(old, new, 1)
    if hashes:
        manifest = json.loads(files["manifest.json"])
        manifest["sha256"][name] = hashlib.sha256(files[name]).hexdigest()
        files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in files.items():
            archive.writestr(entry, content)


def test_a_changed_bundle_does_not_hold(tmp_path: Path, before: Observations) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(write_bundle(report_of(before), before, SETTINGS))
    changed(path, "data/main/vehicles.csv", b"46.0,", b"96.0,", hashes=False)
    assert verify_bundle(path).differences == ("data/main/vehicles.csv",)
    path.write_bytes(write_bundle(report_of(before), before, SETTINGS))
    changed(path, "report.json", b'"v85_kmh": 5', b'"v85_kmh": 4', hashes=True)
    assert "statistics.all.v85_kmh" in verify_bundle(path).differences


def test_what_is_no_bundle(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_text("no")
    with pytest.raises(ValueError, match="expected a bundle of a speed report"):
        verify_bundle(path)


def test_a_bundle_of_classes(tmp_path: Path) -> None:
    source = tmp_path / "classes.csv"
    rows = [f"2026-03-0{day} {hour:02d}:00;{day};{20 + hour};{hour};1" for day in range(2, 6) for hour in range(24)]
    source.write_text("\n".join(["Time;0-30;30-50;50-70;>70", *rows]))
    observations = read_files([source], FileOptions())
    path = tmp_path / "bundle.zip"
    path.write_bytes(write_bundle(report_of(observations), observations, SETTINGS))
    assert verify_bundle(path).holds
