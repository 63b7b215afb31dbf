"""Radar lines to passages: the grouping rule, the mounting's correction, and lines that no radar says."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.edge.drivers.mounting import Mounting
from bypuls.edge.drivers.passages import GroupingRule, PassageGrouper, Run
from bypuls.edge.drivers.patience import BadFrame
from bypuls.edge.drivers.radar_lines import (
    Answer,
    LineSplitter,
    ObjectReport,
    SpeedReport,
    decode_line,
)
from bypuls.sim.radar import Site, Vehicle, echoes

DATA = Path(os.environ.get("BYPULS_REAL_DATA", Path(__file__).parents[2].parent / "shared" / "data"))


def feed(grouper: PassageGrouper, *points: tuple[float, float, float | None]) -> list[Run]:
    runs = [run for t, speed, magnitude in points for run in grouper.feed(t, [SpeedReport(speed, magnitude)])]
    return runs + grouper.flush()


class TestLines:
    @pytest.mark.parametrize(
        ("line", "kmh"),
        [
            (b"50.25", 50.25),
            (b"-13", -13.0),
            (b"120.5,50", 50.0),
            (b"17.25,120.5,50", 50.0),
            (b'"mps",10', 36.0),
            (b'"mph",120,30', 48.28032),
            (b'{"speed":"50.25"}', 50.25),
            (b'{"unit":"fps","speed":10}', 10.9728),
            (b'{"unit":"cmps","speed":1000}', 36.0),
            (b'{"speed":20,"direction":"inbound"}', 20.0),
        ],
    )
    def test_one_speed(self, line: bytes, kmh: float) -> None:
        (report,) = decode_line(line)
        assert isinstance(report, SpeedReport)
        assert report.speed_kmh == pytest.approx(kmh, rel=1e-12)

    def test_magnitude_is_the_number_before_the_speed(self) -> None:
        (report,) = decode_line(b"17.25,120.5,50")
        assert report == SpeedReport(50.0, 120.5)

    def test_a_line_without_unit_is_in_the_unit_that_was_set(self) -> None:
        assert decode_line(b"10", unit="m-per-sec") == (SpeedReport(36.0),)

    def test_answers_are_no_speeds(self) -> None:
        (answer,) = decode_line(b'{"Version":"1.4.6"}')
        assert isinstance(answer, Answer)
        assert answer.values == {"Version": "1.4.6"}
        assert decode_line(b"  ") == ()

    @pytest.mark.parametrize(
        ("line", "named"),
        [
            (b"\xff\xfe", "ASCII"),
            (b"nan", "speed"),
            (b"1e999", "speed"),
            (b"401", "at most 400"),
            (b"1,2,3,4", "speed"),
            (b"fifty", "speed"),
            (b'{"unit":"knots","speed":3}', "unit"),
            (b'{"speed":true}', "speed"),
            (b'{"speed":[]}', "speed"),
            (b'{"speed":[1,2],"magnitude":[3]}', "magnitude"),
            (b'{"speed":1,"magnitude":-3}', "magnitude"),
            (b'{"speed":1,"direction":"left"}', "direction"),
            (b'{"speed":1', "JSON"),
            (b"[1]", "object"),
            (b'{"classifier":"object_sideways","max_speed_mps":1}', "classifier"),
            (b'{"classifier":"object_inbound"}', "max_speed"),
            (b"1" * 3000, "2048"),
        ],
    )
    def test_what_no_radar_says_is_refused_by_name(self, line: bytes, named: str) -> None:
        with pytest.raises(BadFrame, match=named):
            decode_line(line)

    @given(st.binary(max_size=200))
    def test_any_bytes_are_reports_or_a_bad_frame(self, line: bytes) -> None:
        try:
            reports = decode_line(line)
        except BadFrame:
            return
        for report in reports:
            if not isinstance(report, Answer):
                assert math.isfinite(report.speed_kmh)

    @given(st.lists(st.binary(max_size=30).filter(lambda b: not set(b) & set(b"\r\n") and b.strip())), st.data())
    def test_lines_come_whole_however_the_bytes_are_cut(self, lines: list[bytes], data: st.DataObject) -> None:
        stream = b"".join(line + b"\r\n" for line in lines)
        splitter, found = LineSplitter(), []
        while stream:
            cut = data.draw(st.integers(1, len(stream)))
            found += splitter.feed(stream[:cut])
            stream = stream[cut:]
        assert found == lines

    def test_bytes_without_a_line_end_do_not_pile_up(self) -> None:
        splitter = LineSplitter()
        lines = [line for _ in range(100) for line in splitter.feed(b"\x00" * 500)]
        assert len(lines) >= 15
        with pytest.raises(BadFrame):
            decode_line(lines[0])

    def test_the_published_object_message(self) -> None:
        path = DATA / "traffic" / "ops243" / "velocity_report_fixture.jsonl"
        if not path.exists():
            pytest.skip(f"no real data at {DATA}")
        source = json.loads(path.read_text().splitlines()[0])
        (report,) = decode_line(path.read_bytes().splitlines()[0])
        assert isinstance(report, ObjectReport)
        assert report.way == "outbound"
        assert report.speed_kmh == pytest.approx(source["max_speed_mps"] * 3.6)
        assert (report.magnitude, report.length_m) == (source["max_magnitude"], source["length_m"])


class TestMounting:
    @pytest.mark.parametrize(("angle", "too_low_pct"), [(5, 0.4), (10, 1.5), (15, 3.4), (30, 13.4), (45, 29.3)])
    def test_published_cosine_errors(self, angle: float, too_low_pct: float) -> None:
        assert 100 - 100 / Mounting(angle).correct_kmh(1.0) == pytest.approx(too_low_pct, abs=0.05)

    def test_published_example(self) -> None:
        assert Mounting(30).correct_kmh(129.9) == pytest.approx(150.0, abs=0.01)

    def test_both_planes(self) -> None:
        assert Mounting(10, 20).correct_kmh(10) == pytest.approx(10 / (0.984807753 * 0.939692621), rel=1e-8)

    @pytest.mark.parametrize("angle", [-1, 61, math.nan])
    def test_an_angle_for_no_survey_is_refused(self, angle: float) -> None:
        with pytest.raises(ValueError, match="elevation_deg"):
            Mounting(10, angle)


class TestGrouping:
    def test_a_pause_longer_than_the_gap_makes_two_vehicles(self) -> None:
        points = [(t / 10, 40.0, 50.0) for t in range(5)]
        assert len(feed(PassageGrouper(), *points, *((t + 1.1, v, m) for t, v, m in points))) == 2
        assert len(feed(PassageGrouper(), *points, *((t + 0.95, v, m) for t, v, m in points))) == 1

    def test_opposite_directions_at_once_are_two_vehicles(self) -> None:
        points = [(t / 20, 40.0 if t % 2 else -40.0, 50.0) for t in range(10)]
        assert sorted(run.speed_kmh for run in feed(PassageGrouper(), *points)) == [-40.0, 40.0]

    def test_a_jump_in_speed_is_another_vehicle(self) -> None:
        points = [(t / 20, 30.0 if t % 2 else 60.0, 50.0) for t in range(10)]
        assert sorted(run.speed_kmh for run in feed(PassageGrouper(), *points)) == [30.0, 60.0]

    def test_two_speeds_of_one_line_never_join_one_run(self) -> None:
        grouper = PassageGrouper()
        for t in range(4):
            grouper.feed(t / 10, [SpeedReport(40.0, 5.0), SpeedReport(41.0, 5.0)])
        assert len(grouper.flush()) == 2

    def test_noise_is_counted_and_is_no_vehicle(self) -> None:
        grouper = PassageGrouper()
        assert feed(grouper, (0, 40, 50), (0.1, 40, 50), (5, 20, 10)) == []
        assert grouper.noise_runs == 2

    def test_slow_lines_are_no_vehicle(self) -> None:
        grouper = PassageGrouper(GroupingRule(least_kmh=8))
        assert feed(grouper, *((t / 10, 7.9, 50.0) for t in range(9))) == []
        assert grouper.noise_runs == 0

    def test_a_run_that_never_ends_is_ended(self) -> None:
        grouper = PassageGrouper(GroupingRule(longest_s=10))
        assert len(feed(grouper, *((t / 10, 40.0, 50.0) for t in range(250)))) == 3

    def test_the_moment_is_that_of_the_strongest_line(self) -> None:
        (run,) = feed(PassageGrouper(), (0, 42, 10), (0.1, 41, 80), (0.2, 40, 70), (0.3, 39, 45), (0.4, 38, 5))
        assert run == Run(0.1, 40, 80, 5)

    def test_without_magnitudes_all_lines_count(self) -> None:
        (run,) = feed(PassageGrouper(), (0, 42, None), (0.1, 41, None), (0.2, 35, 99.0))
        assert (run.speed_kmh, run.magnitude) == (41, None)

    @pytest.mark.parametrize("azimuth", [10, 15, 20, 25, 30])
    @pytest.mark.parametrize("offset_m", [3, 6])
    @pytest.mark.parametrize("toward", [True, False])
    def test_the_rule_against_the_geometry_of_the_road(self, azimuth: float, offset_m: float, toward: bool) -> None:
        """Within 2 % of the true speed in a model of beam and road; a run's highest speed is up to 12 % off."""
        for speed in (20, 35, 50, 80):
            course = echoes(Vehicle(speed, toward), Site(azimuth, offset_m))
            if len(course) < 12:
                continue  # so near and so oblique that there is little to choose from
            sign = 1 if toward else -1
            (run,) = feed(PassageGrouper(), *((e.at_s, sign * e.speed_kmh, e.magnitude) for e in course))
            assert (run.speed_kmh > 0) is toward
            ours = Mounting(azimuth).correct_kmh(abs(run.speed_kmh))
            highest = Mounting(azimuth).correct_kmh(max(echo.speed_kmh for echo in course))
            assert ours == pytest.approx(speed, rel=0.02)
            assert azimuth < 15 or abs(highest - speed) > abs(ours - speed)

    @given(
        st.lists(
            st.tuples(st.floats(0, 0.9), st.floats(-120, 120), st.none() | st.floats(0, 500)), min_size=1, max_size=60
        )
    )
    def test_no_line_is_counted_twice_and_every_speed_was_said(
        self, steps: list[tuple[float, float, float | None]]
    ) -> None:
        t, points = 0.0, []
        for step, speed, magnitude in steps:
            t += step
            points.append((t, speed, magnitude))
        runs = feed(PassageGrouper(), *points)
        assert sum(run.lines for run in runs) <= len(points)
        said = {speed for _, speed, _ in points}
        for run in runs:
            assert run.speed_kmh in said
            assert run.lines >= 3
