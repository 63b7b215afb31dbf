"""M-Bus: published telegrams decode to their published values, broken ones are refused with a reason."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypuls.edge.drivers.mbus import Exchange, short_frame
from bypuls.edge.drivers.mbus_meter import meter_of
from bypuls.edge.drivers.mbus_telegram import Record, decode_telegram, frame_length
from bypuls.edge.drivers.patience import BadFrame
from bypuls.sim.mbus_meter import Identity, MeterValues, encode_records, encode_telegram

DATA = Path(os.environ.get("BYPULS_REAL_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
FRAMES = DATA / "energy" / "mbus_frames"
TELEGRAMS = sorted(FRAMES.glob("*.hex"))
BROKEN = sorted((FRAMES / "errors").glob("*.hex"))

needs_data = pytest.mark.skipif(not TELEGRAMS, reason=f"no real data at {DATA}")

_UNITS = {"s": "seconds", "°C": "C", "Â°C": "C", "-": None, None: None}


def _names(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


def _agrees(record: Record, told: ET.Element) -> bool:
    value = told.findtext("Value") or None
    if record.value is None or value is None:
        return record.value is None and value is None
    if isinstance(record.value, str):
        return value.removesuffix("Z").startswith(record.value)
    return record.value == pytest.approx(float(value), rel=1e-12, abs=5e-7)


@needs_data
@pytest.mark.parametrize("path", TELEGRAMS, ids=_names(TELEGRAMS))
def test_a_published_telegram_decodes_to_its_published_values(path: Path) -> None:
    telegram = decode_telegram(bytes.fromhex(path.read_text()))
    told = ET.parse(path.with_suffix(".norm.xml")).getroot()
    slave = told.find("SlaveInformation")
    assert slave is not None
    assert int(telegram.serial) == int(slave.findtext("Id") or -1)
    assert telegram.manufacturer == slave.findtext("Manufacturer")
    assert telegram.version == int(slave.findtext("Version") or -1)
    assert telegram.access == int(slave.findtext("AccessNumber") or -1)
    assert telegram.status == int(slave.findtext("Status") or "", 16)
    records = told.findall("DataRecord")
    assert len(telegram.records) == len(records)
    for record, wanted in zip(telegram.records, records, strict=True):
        assert _agrees(record, wanted), (record, {child.tag: child.text for child in wanted})
        assert record.storage == int(wanted.findtext("StorageNumber") or 0)
        assert record.tariff == int(wanted.findtext("Tariff") or 0)
        assert record.device == int(wanted.findtext("Device") or 0)
        unit = wanted.findtext("Unit") or None
        if isinstance(record.value, float | int) and unit not in (None, "-"):
            assert record.unit == _UNITS.get(unit, unit)
        function = (wanted.findtext("Function") or "").split()[0].upper()
        assert record.function.startswith(function[:4]) or function in ("MANUFACTURER", "VALUE")


@needs_data
@pytest.mark.parametrize("path", BROKEN, ids=_names(BROKEN))
def test_a_published_broken_telegram_is_refused_with_its_reason(path: Path) -> None:
    with pytest.raises(BadFrame) as caught:
        decode_telegram(bytes.fromhex(path.read_text()))
    told = path.with_suffix(".xml")
    reason = (ET.parse(told).getroot().findtext(".//Error") or "") if told.exists() else "expected 3"
    assert reason.lower() in str(caught.value).lower()


@needs_data
def test_a_heat_meter_gives_the_fields_of_the_contract() -> None:
    telegram = decode_telegram(bytes.fromhex((FRAMES / "kamstrup_multical_601.hex").read_text()))
    assert meter_of("m", telegram).values() == {
        "medium": "heat",
        "import_wh": 37_351_000.0,
        "power_w": 34_700.0,
        "volume_m3": 561.08,
        "flow_m3c": 58_599.0,
        "return_m3c": 26_211.0,
        "flow_temp_c": 101.69,
        "return_temp_c": 46.16,
        "flow_m3h": 0.543,
        "serial": "06855817",
    }


@needs_data
def test_the_heat_meters_registers_agree_with_each_other() -> None:
    """E8 and E9 were found by their place: (E8 − E9) · 1.163 Wh/(l·K) is the energy within 2 %."""
    meter = meter_of("m", decode_telegram(bytes.fromhex((FRAMES / "kamstrup_multical_601.hex").read_text())))
    assert meter.flow_m3c is not None
    assert meter.return_m3c is not None
    assert (meter.flow_m3c - meter.return_m3c) * 1163 == pytest.approx(meter.import_wh, rel=0.02)


def frame_of(records: str, identity: Identity | None = None) -> bytes:
    return encode_telegram(1, identity or Identity("12345678"), bytes.fromhex(records))


class TestValues:
    @pytest.mark.parametrize(
        ("records", "value"),
        [
            ("04141a000000", 0.26),  # a binary 0.01 would give 0.26000000000000001
            ("041303000000", 0.003),
            ("0413ffffffff", -0.001),
            ("041300000080", None),  # the integer reserved for 'invalid'
            ("0c1356341200", 123.456),
            ("0c13563412f0", -123.456),
            ("0c13eeeeeeee", None),
            ("05130000803f", 0.001),
            ("05130000c07f", None),  # not a number
        ],
    )
    def test_a_volume_is_exactly_what_the_meter_says(self, records: str, value: float | None) -> None:
        (record,) = decode_telegram(frame_of(records)).records
        assert record.value == value
        assert record.unit == "m^3"

    def test_a_telegram_of_any_length_is_a_wired_one(self) -> None:
        """Of 0x44 bytes too, which is how a wireless telegram begins."""
        for fill in range(60):
            frame = frame_of("040601000000" + "2f" * fill)
            assert meter_of("m", decode_telegram(frame)).import_wh == 1000

    def test_other_tariffs_stores_functions_and_subunits_are_left_out(self) -> None:
        others = "841006010000004406020000001406030000008440060400000004860b05000000"
        assert meter_of("m", decode_telegram(frame_of(others))).import_wh is None

    def test_two_energies_that_differ_are_unknown(self) -> None:
        assert meter_of("m", decode_telegram(frame_of("040601000000040602000000"))).import_wh is None

    def test_kwh_and_gigajoules_of_the_same_amount_are_one(self) -> None:
        assert meter_of("m", decode_telegram(frame_of("0406b4a5b800040e50c39902"))).import_wh == 12_101_044_000.0

    def test_cooling_needs_the_option(self) -> None:
        frame = bytearray(frame_of("040601000000"))
        frame[14] = 0x0A
        frame[-2] = sum(frame[4:-2]) % 256
        telegram = decode_telegram(bytes(frame))
        with pytest.raises(BadFrame, match="medium"):
            meter_of("m", telegram)
        assert meter_of("m", telegram, medium="heat").import_wh == 1000


@given(
    st.builds(
        MeterValues,
        import_wh=st.none() | st.integers(0, 2**47 - 1),
        export_wh=st.none() | st.integers(0, 2**47 - 1),
        volume_m3=st.none() | st.integers(0, 2**31 - 1).map(lambda n: n / 1000),
        power_w=st.none() | st.integers(-(10**8), 10**8),
        flow_temp_c=st.none() | st.integers(-5000, 30_000).map(lambda n: n / 100),
        return_temp_c=st.none() | st.integers(-5000, 30_000).map(lambda n: n / 100),
        flow_m3h=st.none() | st.integers(0, 10**8).map(lambda n: n / 1000),
        flow_m3c=st.none() | st.integers(0, 2**31 - 1),
        voltage_v=st.just(()) | st.tuples(*[st.integers(0, 4000).map(lambda n: n / 10)] * 3),
    )
)
def test_what_a_simulated_meter_encodes_is_decoded_to_the_bit(values: MeterValues) -> None:
    meter = meter_of("m", decode_telegram(encode_telegram(1, Identity("12345678"), encode_records(values))))
    for name in MeterValues.__dataclass_fields__:
        assert getattr(meter, name) == (
            getattr(values, name) or None if name in ("voltage_v", "current_a") else getattr(values, name)
        )


@given(st.binary(max_size=100), st.booleans())
@settings(max_examples=300)
def test_any_records_decode_or_are_a_bad_frame(records: bytes, known: bool) -> None:
    frame = encode_telegram(1, Identity("12345678"), (b"\x04\x06\x01\x00\x00\x00" if known else b"") + records)
    try:
        meter_of("m", decode_telegram(frame))
    except ValueError as error:  # BadFrame, or BadField where a number is absurd
        assert str(error)  # noqa: PT017


@given(st.data())
def test_one_changed_byte_is_noticed(data: st.DataObject) -> None:
    frame = bytearray(encode_telegram(1, Identity("12345678"), encode_records(MeterValues(import_wh=1234))))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadFrame):
        decode_telegram(bytes(frame))


class Line:
    """A line whose meter answers as told, in pieces; time passes only while waiting."""

    def __init__(self, *answers: bytes, piece: int = 3) -> None:
        self.now, self.asked = 0.0, list[bytes]()
        self._answers, self._piece, self._arriving = list(answers), piece, b""

    def write(self, data: bytes) -> None:
        self.asked.append(data)
        self._arriving = self._answers.pop(0) if self._answers else b""

    def read(self) -> bytes:
        self.now += 0.05
        data, self._arriving = self._arriving[: self._piece], self._arriving[self._piece :]
        return data

    def exchange(self) -> Exchange:
        return Exchange(self.write, self.read, answer_s=0.3, monotonic=lambda: self.now)


class TestExchange:
    def test_a_readout_of_several_telegrams_toggles_the_frame_count_bit(self) -> None:
        first, second = frame_of("0406010000001f"), frame_of("041302000000")
        line = Line(b"\xe5", first, second)
        telegram = line.exchange().readout(1)
        assert [record.value for record in telegram.records if record.quantity] == [1000, 0.002]
        assert line.asked == [short_frame(0x40, 1), short_frame(0x7B, 1), short_frame(0x5B, 1)]

    def test_nothing_is_a_time_out(self) -> None:
        with pytest.raises(TimeoutError):
            Line().exchange().readout(1)

    def test_half_a_frame_is_bad(self) -> None:
        with pytest.raises(BadFrame, match="no more"):
            Line(b"\xe5", frame_of("040601000000")[:-3]).exchange().readout(1)

    def test_a_second_meter_in_the_same_readout_is_bad(self) -> None:
        line = Line(b"\xe5", frame_of("0406010000001f"), frame_of("040601000000", Identity("00000002")))
        with pytest.raises(BadFrame, match="00000002"):
            line.exchange().readout(1)

    def test_a_meter_that_never_ends_is_ended(self) -> None:
        with pytest.raises(BadFrame, match="16 telegrams"):
            Line(b"\xe5", *[frame_of("0406010000001f")] * 30, piece=99).exchange().readout(1)

    def test_a_frame_tells_its_length_early(self) -> None:
        assert [frame_length(start) for start in (b"", b"\xe5", b"\x10", b"\x68\x20", b"\x68\x20\x20\x68")] == [
            None,
            1,
            5,
            None,
            38,
        ]
        with pytest.raises(BadFrame):
            frame_length(b"\x68\x20\x21\x68")
