"""Many histograms at once say the same as each by itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.analysis import histogram
from bypuls.analysis.errors import BadHistogram, BadInput
from bypuls.analysis.histogram_rows import HistogramRows

TEXTS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.dictionaries(st.integers(1, 40), st.floats(0.25, 50.0), min_size=0, max_size=6),
    ),
    max_size=12,
)


@given(TEXTS, st.sampled_from([1.0, 5.0]), st.floats(0.0, 100.0), st.floats(1.0, 250.0))
def test_each_row_equals_the_single_histogram(
    rows: list[tuple[int, dict[int, float]]], width: float, p: float, limit: float
) -> None:
    texts = [",".join(f"{edge * width:g}:{count!r}" for edge, count in sorted(one.items())) for _, one in rows]
    at = [row for row, _ in rows]
    many = HistogramRows.from_texts(texts, at, 4, width)
    for row in range(4):
        single = histogram.merge_texts([text for text, where in zip(texts, at, strict=True) if where == row], width)
        assert many.total()[row] == pytest.approx(single.total)
        assert many.over_limit(np.full(4, limit))[row] == pytest.approx(histogram.over_limit(single, limit))
        if single.total == 0.0:
            assert np.isnan(many.percentile(p)[row])
            assert np.isnan(many.mean()[row])
        else:
            assert many.percentile(p)[row] == pytest.approx(histogram.percentile(single, p))
            assert many.mean()[row] == pytest.approx(histogram.mean(single))


def test_an_unknown_limit_gives_an_unknown_number() -> None:
    many = HistogramRows.from_texts(["31:2", "38:5"], [0, 1], 2, 1.0)
    assert many.over_limit([30.0, np.nan]).tolist() == pytest.approx([2.0, np.nan], nan_ok=True)


@pytest.mark.parametrize("text", [">120:3", "31", "31:2,38", "x:1", "30.5:2", "0:1", "31:-1"])
def test_a_text_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadHistogram):
        HistogramRows.from_texts([text], [0], 1, 1.0)


@pytest.mark.parametrize(("at", "width"), [([0, 1], 1.0), ([0], 0.0), ([0], float("inf"))])
def test_arguments_that_can_not_be_are_refused(at: list[int], width: float) -> None:
    with pytest.raises(BadInput):
        HistogramRows.from_texts(["31:2"], at, 2, width)
