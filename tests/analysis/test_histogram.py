"""Histograms: the codec, adding up, and the published tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.analysis import histogram as hg
from bypuls.analysis.errors import BadHistogram, BadInput, InOpenClass, MixedWidths, NotEnoughVehicles
from bypuls.analysis.histogram import SpeedHistogram, format_histogram, from_speeds, merge, parse_histogram

MPH3 = SpeedHistogram(
    np.arange(12.0, 48.0, 3.0), np.arange(15.0, 49.0, 3.0), [1, 2, 6, 12, 13, 20, 18, 14, 6, 6, 1, 1], 3.0
)
KMH5 = SpeedHistogram(
    np.arange(39.5, 110.0, 5.0), np.arange(44.5, 115.0, 5.0), [5, 8, 12, 10, 15, 21, 16, 11, 10, 4, 5, 4, 5, 1, 3], 5.0
)

counts = st.one_of(st.integers(0, 10**6).map(float), st.floats(0.0, 1e6, allow_subnormal=False))


@st.composite
def uniform(draw: st.DrawFn, width: float | None = None) -> SpeedHistogram:
    width = width if width is not None else draw(st.sampled_from([0.1, 0.5, 1.0, 2.0, 5.0, 7.3]))
    numbers = sorted(draw(st.sets(st.integers(1, 60), max_size=12)))
    held = [draw(counts) for _ in numbers]
    lower = [(k - 1) * width for k in numbers]
    upper = [k * width for k in numbers]
    if draw(st.booleans()):
        lower.append(60 * width)
        upper.append(np.inf)
        held.append(draw(counts))
    return SpeedHistogram(np.array(lower), np.array(upper), np.array(held), width)


@st.composite
def irregular(draw: st.DrawFn) -> SpeedHistogram:
    edges = sorted(draw(st.sets(st.integers(1, 2000), min_size=1, max_size=12)))
    upper = [edge / 8 for edge in edges] + ([np.inf] if draw(st.booleans()) else [])
    return SpeedHistogram([0.0, *upper[:-1]], upper, [draw(counts) for _ in upper])


@given(st.one_of(uniform(), irregular()))
def test_text_round_trip(h: SpeedHistogram) -> None:
    assert parse_histogram(format_histogram(h), h.width_kmh) == h


@given(st.text("0123456789:,.>e-+ inf", max_size=20), st.sampled_from([0.0, 1.0, 5.0]))
def test_any_text_is_a_histogram_or_a_named_error(text: str, width: float) -> None:
    try:
        h = parse_histogram(text, width)
    except BadInput:
        return
    assert parse_histogram(format_histogram(h), width) == h


def test_texts_as_they_are_stored() -> None:
    assert format_histogram(from_speeds([30.2, 31.0, 37.5, 37.1, 38.0])) == "31:2,38:3"
    h = parse_histogram("31:2,38:5.25,>120:3", 1.0)
    assert h.lower_edges_kmh.tolist() == [30.0, 37.0, 120.0]
    assert h.upper_edges_kmh.tolist() == [31.0, 38.0, np.inf]
    assert (h.total, h.open_top) == (10.25, True)
    h = parse_histogram("20:4,25:0,>25:7", 0.0)
    assert h.lower_edges_kmh.tolist() == [0.0, 20.0, 25.0]
    assert h.counts.tolist() == [4.0, 0.0, 7.0]
    assert parse_histogram("", 1.0).total == 0.0


@pytest.mark.parametrize(
    ("text", "width", "message"),
    [
        ("31:2,38", 1.0, r"part 2 '38': expected upper:count"),
        ("31:2,38:-5", 1.0, r"part 2 '38:-5'"),
        ("31:2,nan:5", 1.0, r"part 2 'nan:5'"),
        ("31:2, 38:5", 1.0, r"part 2 ' 38:5'"),
        ("31:2,", 1.0, r"part 2 ''"),
        ("38:2,31:5", 1.0, r"part 2 '31:5': upper edge 31; expected above 38"),
        ("31:2,31:5", 1.0, r"part 2 '31:5'"),
        (">120:3,130:1", 1.0, r"part 1 '>120:3': an open class; expected it last"),
        ("20:4,>30:1", 0.0, r"part 2 '>30:1': lower edge 30; expected 20"),
        ("40:4,>30:1", 1.0, r"part 2 '>30:1': lower edge 30; expected 40"),
        ("inf:4", 0.0, r"part 1 'inf:4'"),
        ("0:4", 1.0, r"part 1 '0:4': upper edge 0; expected above 0"),
        ("30:4,37:1", 5.0, r"lower_edges_kmh\[1\]: 32; expected 25 and a multiple of 5"),
        ("30:1,33:1", 5.0, r"expected 30 or above: classes overlap"),
        ("", 0.0, "no classes"),
        ("31:2", -1.0, "width_kmh: -1.0"),
        ("31:2", float("nan"), "width_kmh: nan"),
        ("31:1e999", 1.0, r"counts\[0\]: inf"),
    ],
)
def test_what_is_wrong_is_named(text: str, width: float, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse_histogram(text, width)


@given(st.lists(st.floats(0.0, 250.0), max_size=60), st.sampled_from([0.1, 0.7, 1.0, 5.0]))
def test_every_speed_lies_in_its_class(speeds: list[float], width: float) -> None:
    h = from_speeds(speeds, width)
    assert h.total == len(speeds)
    expected = [
        sum((lo < v <= up) or (v == 0.0 == lo) for v in speeds)
        for lo, up in zip(h.lower_edges_kmh, h.upper_edges_kmh, strict=True)
    ]
    assert h.counts.tolist() == expected


def test_edges_belong_to_the_class_below() -> None:
    assert (
        format_histogram(from_speeds([0.0, 0.3, 0.6, 0.7, 1.1, 1.10001], 0.1)) == "0.1:1,0.3:1,0.6:1,0.7:1,1.1:1,1.2:1"
    )


@pytest.mark.parametrize("speeds", [[-1.0], [float("nan")], [[1.0]], ["fast"]])
def test_speeds_that_are_none(speeds: list[object]) -> None:
    with pytest.raises(BadInput, match="speeds_kmh"):
        from_speeds(speeds)  # type: ignore[arg-type]


@given(st.lists(st.lists(st.floats(0.0, 200.0), max_size=30), min_size=1, max_size=8))
def test_merged_is_the_histogram_of_all(parts: list[list[float]]) -> None:
    assert merge(from_speeds(part) for part in parts) == from_speeds([v for part in parts for v in part])


def test_irregular_histograms_add_up() -> None:
    a, b = parse_histogram("20:4,25:0,>25:7", 0.0), parse_histogram("20:1,25:2.5,>25:0", 0.0)
    assert format_histogram(merge([a, b])) == "20:5,25:2.5,>25:7"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (("31:1", 1.0), ("35:1", 5.0)),
        (("31:1", 1.0), ("31:1", 0.0)),
        (("20:1,30:1", 0.0), ("20:1,35:1", 0.0)),
        (("30:1", 5.0), ("37:1", 5.0)),
        (("30:1,>120:1", 5.0), (">160:1", 5.0)),
        (("30:1,>120:1", 5.0), ("125:1", 5.0)),
    ],
)
def test_widths_are_never_mixed(a: tuple[str, float], b: tuple[str, float]) -> None:
    with pytest.raises(MixedWidths, match="expected equal classes"):
        merge([parse_histogram(*a), parse_histogram(*b)])


@given(st.one_of(st.lists(uniform(width=5.0), max_size=6), irregular().map(lambda h: [h, h])))
def test_texts_merge_like_histograms(parts: list[SpeedHistogram]) -> None:
    width = parts[0].width_kmh if parts else 5.0
    merged = hg.merge_texts([format_histogram(h) for h in parts], width)
    expected = merge(parts) if parts else parse_histogram("", 5.0)
    assert merged.upper_edges_kmh.tolist() == expected.upper_edges_kmh.tolist()
    assert merged.lower_edges_kmh.tolist() == expected.lower_edges_kmh.tolist()
    np.testing.assert_allclose(merged.counts, expected.counts)


@pytest.mark.parametrize(
    ("texts", "width", "error"),
    [
        (["30:1", "37:1"], 5.0, MixedWidths),
        ([">120:1", ">160:1"], 5.0, MixedWidths),
        (["20:1,30:1", "20:1,35:1"], 0.0, MixedWidths),
        (["20:1,30:1", "20:1,"], 0.0, BadHistogram),
        (["31:1", "31:nan"], 1.0, BadHistogram),
        ([], 0.0, BadHistogram),
    ],
)
def test_texts_that_do_not_merge(texts: list[str], width: float, error: type[Exception]) -> None:
    with pytest.raises(error):
        hg.merge_texts(texts, width)


def test_an_empty_quarter_merges_with_anything_of_its_width() -> None:
    assert merge([parse_histogram("", 1.0), parse_histogram("31:2,>120:1", 1.0)]).total == 3.0
    with pytest.raises(BadHistogram, match="none"):
        merge([])


def test_telraam_classes_are_recognised_as_uniform() -> None:
    h = SpeedHistogram.from_edges([*range(5, 125, 5), np.inf], [0.0] * 6 + [10.5, 20.0] + [0.0] * 16 + [1.0])
    assert h.width_kmh == 5.0
    assert format_histogram(h) == "35:10.5,40:20,>120:1"
    assert SpeedHistogram.from_edges([20.0, 25.0, np.inf], [1, 0, 2]).width_kmh == 0.0


def test_counts_as_sensors_send_them() -> None:
    h = SpeedHistogram.from_edges([20.0, 25.0], [1, 0, 2], open_top=True)
    assert (format_histogram(h), h.width_kmh) == ("20:1,25:0,>25:2", 0.0)
    without_speed = SpeedHistogram.from_edges([], [7.5], open_top=True)
    assert (format_histogram(without_speed), without_speed.width_kmh) == (">0:7.5", 0.0)
    assert parse_histogram(">0:7.5", 0.0) == without_speed
    assert merge([without_speed, without_speed]).total == 15.0
    with pytest.raises(InOpenClass):
        hg.percentile(without_speed, 50)
    for edges in ([], [np.inf, 20.0], [30.0, 20.0], [-5.0], [np.nan], [20.0, np.inf, np.inf]):
        with pytest.raises(BadInput, match=r"upper_edges_kmh|lower_edges_kmh|lengths"):
            SpeedHistogram.from_edges(edges, [1.0] * len(edges))


@pytest.mark.parametrize(("p", "speed"), [(15, 22.5), (50, 29.4), (85, 35.79)])
def test_percentiles_of_twelve_classes_of_3_mph(p: float, speed: float) -> None:
    assert hg.percentile(MPH3, p) == pytest.approx(speed, abs=0.005)


@pytest.mark.parametrize(("p", "speed"), [(15, 52.21), (50, 68.07), (85, 87.625)])
def test_percentiles_of_fifteen_classes_of_5_kmh(p: float, speed: float) -> None:
    assert hg.percentile(KMH5, p) == pytest.approx(speed, abs=0.005)


def test_moments_of_fifteen_classes_of_5_kmh() -> None:
    assert KMH5.total == 130
    assert hg.mean(KMH5) == pytest.approx(69.885, abs=0.0005)
    assert hg.std(KMH5) == pytest.approx(16.517, abs=0.0005)


def test_over_the_limit_by_whole_classes_and_interpolated() -> None:
    assert hg.over_limit(KMH5, 59.5) / 130 == pytest.approx(0.731, abs=0.0005)
    assert hg.over_limit(KMH5, 60.5) / 130 == pytest.approx(0.708, abs=0.0005)


def test_v85_between_84_and_97_percent() -> None:
    h = SpeedHistogram.from_edges([42.0, 47.0, 60.0], [84, 13, 3])
    assert hg.percentile(h, 85) == pytest.approx(42.38, abs=0.005)


@given(st.lists(st.floats(0.0, 200.0), min_size=1, max_size=80), st.integers(1, 200))
def test_over_the_limit_is_exact_for_classes_of_1_kmh(speeds: list[float], limit: int) -> None:
    assert hg.over_limit(from_speeds(speeds), limit) == sum(v > limit for v in speeds)


@given(st.lists(st.floats(0.5, 200.0), min_size=1, max_size=80), st.floats(0.0, 100.0))
def test_percentile_lies_in_the_class_of_the_ranked_speed(speeds: list[float], p: float) -> None:
    found = hg.percentile(from_speeds(speeds), p)
    exact = float(np.percentile(speeds, p, method="inverted_cdf"))
    upper = np.ceil(exact)
    at_a_jump = min((p / 100 * len(speeds)) % 1, 1 - (p / 100 * len(speeds)) % 1) < 1e-6
    assert upper - 1 - 1e-9 <= found <= upper + 1e-9 or at_a_jump


@given(st.lists(st.floats(0.5, 200.0), min_size=2, max_size=80), st.floats(0.0, 100.0), st.floats(0.0, 100.0))
def test_percentiles_rise_with_p(speeds: list[float], p: float, q: float) -> None:
    h = from_speeds(speeds, 5.0)
    assert hg.percentile(h, min(p, q)) <= hg.percentile(h, max(p, q)) + 1e-9


def test_rank_on_a_class_boundary_is_the_boundary_despite_rounding() -> None:
    h = SpeedHistogram.from_edges([10.0, 20.0, 90.0, 100.0], [0.1, 0.2, 0.0, 0.7])
    assert hg.percentile(h, 30) == pytest.approx(20.0)
    assert hg.percentile(h, 0) == 0.0
    assert hg.percentile(h, 100) == 100.0


def test_ends_skip_empty_classes() -> None:
    h = SpeedHistogram.from_edges([20.0, 30.0, 60.0, 70.0], [0, 4, 0, 0])
    assert (hg.percentile(h, 0), hg.percentile(h, 100)) == (20.0, 30.0)


def test_no_vehicles_no_figure() -> None:
    empty = parse_histogram("", 1.0)
    for figure in (lambda: hg.percentile(empty, 85), lambda: hg.mean(empty), lambda: hg.std(empty)):
        with pytest.raises(NotEnoughVehicles):
            figure()
    assert hg.over_limit(empty, 50) == 0.0
    with pytest.raises(NotEnoughVehicles):
        hg.std(from_speeds([40.0]))


def test_the_open_class_holds_no_figure() -> None:
    h = parse_histogram("50:80,>120:20", 5.0)
    assert hg.percentile(h, 80) == 50.0
    with pytest.raises(InOpenClass, match="V85 lies in the open class above 120 km/h"):
        hg.percentile(h, 85)
    with pytest.raises(InOpenClass):
        hg.mean(h)
    assert hg.over_limit(h, 120) == 20.0
    with pytest.raises(InOpenClass):
        hg.over_limit(h, 130)
    assert hg.mean(parse_histogram("20:4,40:4,>40:0", 0.0)) == 20.0


def test_a_histogram_cannot_be_changed() -> None:
    h = from_speeds([40.0])
    with pytest.raises(ValueError, match="read-only"):
        h.counts[0] = 7.0


@pytest.mark.parametrize(
    ("lower", "upper", "counts", "width", "message"),
    [
        ([0.0], [5.0, 10.0], [1.0], 0.0, "lengths differ"),
        ([0.0], [5.0], [-1.0], 0.0, r"counts\[0\]: -1"),
        ([0.0], [5.0], [np.nan], 0.0, r"counts\[0\]: nan"),
        ([0.0], [np.nan], [1.0], 0.0, r"upper_edges_kmh\[0\]: nan"),
        ([5.0], [10.0], [1.0], 0.0, r"lower_edges_kmh\[0\]: 5; expected 0"),
        ([0.0], [4.0], [1.0], 5.0, "4 km/h wide; expected 5"),
    ],
)
def test_classes_that_contradict_themselves(
    lower: list[float], upper: list[float], counts: list[float], width: float, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        SpeedHistogram(lower, upper, counts, width)  # type: ignore[arg-type]
