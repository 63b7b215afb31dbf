"""Files of other loggers: headings, delimiters, encodings, times, dirt, classes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.api.reports.speed.observations import Observations, Vehicles
from bypuls.api.reports.speed.reading import FileOptions, FileProblem, read_files

CPH = ZoneInfo("Europe/Copenhagen")


def read(tmp_path: Path, text: str | bytes, **options: object) -> Observations:
    path = tmp_path / "site.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_files([path], FileOptions(**options))  # type: ignore[arg-type]


def vehicles(observations: Observations) -> Vehicles:
    assert observations.vehicles is not None
    return observations.vehicles


def times(observations: Observations) -> list[str]:
    t_us = vehicles(observations).t_us
    assert t_us is not None
    return [datetime.fromtimestamp(t / 1e6, UTC).strftime("%m-%dT%H:%M:%S") for t in t_us.tolist()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_danish_export_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    text = "Måling på Søvej\n\nDato;Tid;Hastighed;Retning;Længde\n2026-03-02;08:00:01;52,4;mod øst;4,5\n"
    found = read(tmp_path, text.encode(encoding))
    assert vehicles(found).speed_kmh.tolist() == [52.4]
    assert vehicles(found).directions == ("mod øst",)
    assert times(found) == ["03-02T07:00:01"]
    length = vehicles(found).length_m
    assert length is not None
    assert length.tolist() == [4.5]
    assert (found.quality.skipped_before_table, found.quality.lines, found.quality.used) == (2, 1, 1)
    assert found.resolution_kmh == pytest.approx(0.1)


@pytest.mark.parametrize("mark", [";", ",", "\t"])
def test_delimiters(tmp_path: Path, mark: str) -> None:
    lines = [["time", "speed", "direction"], ["2026-03-02T08:00:01", "52", "a"], ["2026-03-02T08:00:03", "48", "b"]]
    found = read(tmp_path, "\n".join(mark.join(line) for line in lines))
    assert vehicles(found).speed_kmh.tolist() == [52.0, 48.0]
    assert found.resolution_kmh == 1.0


def test_columns_by_heading_by_number_and_bare(tmp_path: Path) -> None:
    found = read(tmp_path, "when,v,x\n2026-03-02 08:00,50,1\n", columns={"time": "when", "speed": "v"})
    assert times(found) == ["03-02T07:00:00"]
    found = read(tmp_path, "1;2026-03-02 08:00;50\n2;2026-03-02 08:01;51\n", columns={"time": "2", "speed": "3"})
    assert vehicles(found).speed_kmh.tolist() == [50.0, 51.0]
    # With headings in front the table begins where the numbers do.
    found = read(tmp_path, "a;b;c\n1;2026-03-02 08:00;50\n", columns={"time": "2", "speed": "3"})
    assert (found.quality.skipped_before_table, found.quality.used) == (1, 1)
    assert vehicles(read(tmp_path, "50,5\n48\n")).speed_kmh.tolist() == [50.5, 48.0]


def test_mph_bounds_and_dirt_are_counted(tmp_path: Path) -> None:
    text = "time,speed\n2026-03-02 08:00:00,25\n2026-03-02 08:00:01,0\n2026-03-02 08:00:02,160\nnonsense,30\n"
    found = read(tmp_path, text + "2026-03-02 08:00:03,fast\n2026-03-02 08:00:04\n\n", mph=True)
    assert vehicles(found).speed_kmh.tolist() == [pytest.approx(25 * 1.609344)]
    quality = found.quality
    assert (quality.lines, quality.used, quality.empty) == (6, 1, 1)
    assert quality.dropped["impossible_speed"] == 2
    assert quality.dropped["unparsable"] == 3
    assert quality.examples["impossible_speed"] == ("3", "4")
    assert set(quality.examples["unparsable"]) == {"5", "6", "7"}
    assert quality.lines == quality.used + sum(quality.dropped.values())
    assert read(tmp_path, text, lowest_kmh=0.0, highest_kmh=300.0).quality.dropped["impossible_speed"] == 0


def test_the_bounds_are_included(tmp_path: Path) -> None:
    assert vehicles(read(tmp_path, "speed\n1\n250\n0.9\n250.1\n")).speed_kmh.tolist() == [1.0, 250.0]


def test_duplicates_only_where_lines_carry_seconds(tmp_path: Path) -> None:
    with_seconds = "time;speed\n2026-03-02 08:00:01;50\n2026-03-02 08:00:01;50\n2026-03-02 08:00:02;50\n"
    found = read(tmp_path, with_seconds)
    assert (found.quality.used, found.quality.dropped["duplicate"]) == (2, 1)
    assert found.quality.examples["duplicate"] == ("3",)
    assert found.quality.duplicates_dropped
    assert read(tmp_path, with_seconds, drop_duplicates=False).quality.used == 3
    minutes = "time;speed\n2026-03-02 08:00;50\n2026-03-02 08:00;50\n"
    assert read(tmp_path, minutes).quality.used == 2
    assert read(tmp_path, minutes, drop_duplicates=True).quality.used == 1
    assert read(tmp_path, "speed\n50\n50\n", drop_duplicates=True).quality.used == 2


def test_duplicates_far_apart(tmp_path: Path) -> None:
    lines = [f"2026-03-02 08:{n // 60 % 60:02d}:{n % 60:02d};{40 + n % 20}" for n in range(3000)]
    lines += ["2026-03-02 09:00:00;50"] + [
        f"2026-03-03 0{n // 3600}:{n // 60 % 60:02d}:{n % 60:02d};40" for n in range(12_000)
    ]
    found = read(tmp_path, "\n".join(["time;speed", *lines, lines[0]]))
    assert found.quality.dropped["duplicate"] == 1
    assert found.quality.examples["duplicate"] == (str(len(lines) + 2),)


def test_out_of_order_lines_are_sorted_and_kept(tmp_path: Path) -> None:
    found = read(tmp_path, "time;speed\n2026-03-02 08:00:02;50\n2026-03-02 08:00:01;40\n2026-03-02 08:00:03;45\n")
    assert vehicles(found).speed_kmh.tolist() == [40.0, 50.0, 45.0]
    assert (found.quality.out_of_order, found.quality.used) == (1, 3)
    assert found.quality.examples["out_of_order"] == ("3",)


def test_ambiguous_dates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"'02-03-2026'.*--date-format %d-%m-%Y or --date-format %m-%d-%Y"):
        read(tmp_path, "time;speed\n02-03-2026 08:00:00;50\n")
    assert times(read(tmp_path, "time;speed\n02-03-2026 08:00:00;50\n", date_format="%d-%m-%Y")) == ["03-02T07:00:00"]
    assert times(read(tmp_path, "time;speed\n02/03/2026 08:00;50\n", date_format="%m/%d/%Y %H:%M")) == [
        "02-03T07:00:00"
    ]
    # The 31st can't be a month: the file itself decides, even in its last line.
    lines = ["time;speed", *["02-03-2026 08:00:00;50"] * 6000, "31-03-2026 08:00:00;50"]
    assert times(read(tmp_path, "\n".join(lines)))[0] == "03-02T07:00:00"


def test_date_and_time_in_two_columns(tmp_path: Path) -> None:
    found = read(tmp_path, "Dato;Klokkeslæt;Fart\n2026-03-02;8.05.30;50\n2026-03-02;23:59:59;51\n")
    assert times(found) == ["03-02T07:05:30", "03-02T22:59:59"]


def test_epochs_and_zones(tmp_path: Path) -> None:
    assert times(read(tmp_path, "time;speed\n1772438401;50\n", date_format="epoch")) == ["03-02T08:00:01"]
    text = "time;speed\n2026-03-02T08:00:01Z;50\n2026-03-02T09:00:02+01:00;51\n2026-03-02 09:00:03 CET;52\n"
    assert times(read(tmp_path, text)) == ["03-02T08:00:01", "03-02T08:00:02", "03-02T08:00:03"]
    assert times(read(tmp_path, "time;speed\n2026-07-02 09:00:03;52\n", timezone="UTC")) == ["07-02T09:00:03"]


def test_skipped_and_doubled_hours(tmp_path: Path) -> None:
    spring = "time;speed\n2026-03-29 01:59:00;50\n2026-03-29 02:30:00;51\n2026-03-29 03:00:00;52\n"
    found = read(tmp_path, spring)
    assert times(found) == ["03-29T00:59:00", "03-29T01:00:00"]
    assert found.quality.dropped["nonexistent_time"] == 1
    autumn = ["01:30:00", "02:10:00", "02:50:00", "02:05:00", "02:55:00", "03:01:00"]
    found = read(tmp_path, "time;speed\n" + "\n".join(f"2026-10-25 {clock};50" for clock in autumn))
    assert times(found) == [f"10-2{5 if h >= 0 else 4}T{h % 24:02d}:{m}:00" for h, m in
                            ((-1, "30"), (0, "10"), (0, "50"), (1, "05"), (1, "55"), (2, "01"))]  # fmt: skip
    assert found.quality.times_assumed == 4


def test_a_period_and_a_filter(tmp_path: Path) -> None:
    text = "time;speed;site\n2026-03-02 08:00:01;50;a\n2026-03-02 09:00:00;51;a\n2026-03-02 08:30:00;52;b\n"
    end = datetime(2026, 3, 2, 9, tzinfo=CPH)
    found = read(tmp_path, text, end=end, where={"site": "a"})
    assert vehicles(found).speed_kmh.tolist() == [50.0]
    assert (found.quality.dropped["outside_period"], found.quality.dropped["filtered"]) == (1, 1)
    with pytest.raises(FileProblem, match="no such column"):
        read(tmp_path, text, where={"street": "a"})


def test_quoted_fields_and_ragged_lines(tmp_path: Path) -> None:
    text = 'time,speed,note\n"2026-03-02 08:00:01","50,5","a ""b"", c"\n2026-03-02 08:00:02,51\n'
    assert vehicles(read(tmp_path, text)).speed_kmh.tolist() == [50.5, 51.0]


def test_classes_as_they_stand_and_rounded(tmp_path: Path) -> None:
    found = read(tmp_path, "Time;0-30;30-50;50-70;>70\n2026-03-02 00:00;1;10;5;0\n2026-03-02 01:00;0;8;2;1\n")
    bins = found.bins
    assert bins is not None
    assert (bins.lower_kmh.tolist(), bins.upper_kmh.tolist()) == ([0, 30, 50, 70], [30, 50, 70, np.inf])
    assert bins.counts.tolist() == [[1, 10, 5, 0], [0, 8, 2, 1]]
    assert bins.period_s is not None
    assert bins.period_s.tolist() == [3600.0, 3600.0]
    rounded = read(tmp_path, "Time;40-44;45-49;50-54\n2026-03-02 00:00;1;10;5\n").bins
    assert rounded is not None
    assert rounded.upper_kmh.tolist() == [44.5, 49.5, 54.5]
    assert rounded.shift_kmh == 0.5
    with pytest.raises(FileProblem, match="without gaps"):
        read(tmp_path, "Time;0-30;40-50\n2026-03-02 00:00;1;10\n")


def test_a_total_line_under_the_classes_is_counted_as_dirt(tmp_path: Path) -> None:
    found = read(
        tmp_path, "Time;Retning;0-50;50-60\n2026-03-02 00:00;øst;1;10\n2026-03-02 00:00;vest;4;5\nTotal;;5;15\n"
    )
    assert found.quality.dropped["unparsable"] == 1
    assert found.bins is not None
    assert found.bins.directions == ("vest", "øst")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"a;b\nc;d\n", "no column with speeds found.*--map speed="),
        (b"PK\x03\x04\x00\x00", "not a text file"),
        (b"time;speed\nx;y\nz;w\n", "none of 2 lines can be used|no column with speeds"),
        (b"time;speed\n2026-03-02 08:00:00;900\n", "none of 1 lines can be used.*impossible_speed 1.*line 2"),
    ],
)
def test_hopeless_files_say_what_to_change(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(FileProblem, match=message):
        read(tmp_path, content)


def test_wrong_options(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="--map fart: expected one of time, date, speed"):
        read(tmp_path, "speed\n50\n", columns={"fart": "speed"})
    with pytest.raises(FileProblem, match="--delimiter"):
        read(tmp_path, "speed\n50\n", delimiter="|")
    with pytest.raises(FileProblem, match="files: none"):
        read_files([], FileOptions())


def test_several_files_are_one_survey(tmp_path: Path) -> None:
    for name, clock in (("b.csv", "09"), ("a.csv", "08")):
        (tmp_path / name).write_text(f"time;speed\n2026-03-02 {clock}:00:01;50\nx;y\n")
    found = read_files([tmp_path / "b.csv", tmp_path / "a.csv"], FileOptions())
    assert times(found) == ["03-02T07:00:01", "03-02T08:00:01"]
    assert found.quality.out_of_order == 0
    assert found.quality.examples["unparsable"] == ("b.csv:3", "a.csv:3")


def test_times_that_name_their_offset_keep_it(tmp_path: Path) -> None:
    text = "time,speed\n2026-03-02T08:00:00+03:00,50\n2026-03-02T08:00:00-06:00,51\n2026-03-02T08:00:00.250Z,52\n"
    assert times(read(tmp_path, text)) == ["03-02T05:00:00", "03-02T08:00:00", "03-02T14:00:00"]
