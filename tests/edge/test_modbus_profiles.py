"""Register maps as data: what is wrong in one is named, and numbers come out as the device holds them."""

from __future__ import annotations

import struct
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from dali.memory.energy import ActiveEnergy
from hypothesis import given
from hypothesis import strategies as st

from bypuls.edge.driver import BadOption, configure
from bypuls.edge.drivers.d4i import decode_scaled, decode_value
from bypuls.edge.drivers.modbus_profile import BadProfile, load_shipped, parse, shipped
from bypuls.edge.drivers.modbus_words import decode_reading, spans
from bypuls.edge.drivers.patience import BadFrame
from bypuls.wire import Cabinet

HEAD = """name = "Meter of a test"
kind = "meter"
medium = "heat"
source = "this test"
checked = 2026-11-26
function = 3
"""
ROW = """[[field]]
field = "import_wh"
address = 16
type = "uint32"
unit = "MWh"
scale = 0.001
"""


class TestProfiles:
    @pytest.mark.parametrize("name", shipped())
    def test_a_shipped_profile_says_where_it_comes_from(self, name: str) -> None:
        profile = load_shipped(name)
        assert len(profile.source) > 40
        assert date(2026, 1, 1) < profile.checked
        assert all(words <= 125 for _, _, words in spans(profile.registers))

    def test_units_and_scales_are_exact(self) -> None:
        profile = parse("heat", HEAD + ROW)
        assert profile.registers[0].factor == Decimal(1000)
        reading = decode_reading("heat-1", profile, {(3, 16): 0x0001, (3, 17): 0x86A0})
        assert reading.values() == {"medium": "heat", "import_wh": 100_000_000.0}

    def test_gigajoules(self) -> None:
        profile = parse("heat", HEAD + ROW.replace("MWh", "GJ").replace("0.001", "0.01"))
        reading = decode_reading("heat-1", profile, {(3, 16): 0, (3, 17): 360})
        assert reading.values()["import_wh"] == pytest.approx(1_000_000.0, rel=1e-12)

    @pytest.mark.parametrize(("unit", "import_wh"), [("kWh", 1e5), ("MWh", 1e8), ("GJ", 1e11 / 3600)])
    def test_a_meter_tells_energy_in_the_unit_it_was_ordered_with(self, unit: str, import_wh: float) -> None:
        text = HEAD + 'energy_units = ["kWh", "MWh", "GJ"]\n' + ROW.replace("MWh", "energy_unit")
        reading = decode_reading("heat-1", parse("heat", text).in_energy_unit(unit), {(3, 16): 1, (3, 17): 0x86A0})
        assert reading.values()["import_wh"] == pytest.approx(import_wh, rel=1e-12)

    def test_the_unit_it_was_ordered_with_must_be_said(self) -> None:
        given = {"host": "h", "profile": "multical"}
        with pytest.raises(BadOption, match=r"energy_unit.*None.*kWh, MWh, GJ"):
            configure("heat-1", "modbus", given)
        with pytest.raises(BadOption, match=r"energy_unit.*'Gcal'.*kWh, MWh, GJ"):
            configure("heat-1", "modbus", given | {"energy_unit": "Gcal"})
        with pytest.raises(BadOption, match=r"energy_unit.*says the unit itself"):
            configure("meter-1", "modbus", {"host": "h", "profile": "em340", "energy_unit": "kWh"})

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("", "kind"),
            ("name = ", "TOML"),
            (HEAD, "field"),
            (HEAD.replace("meter\"", "metre\"") + ROW, "kind"),
            (HEAD.replace("heat", "cooling") + ROW, "medium"),
            (HEAD.replace("2026-11-26", '"today"') + ROW, "checked"),
            (HEAD.replace('source = "this test"\n', "") + ROW, "source"),
            (HEAD.replace("function = 3", "function = 6") + ROW, "function"),
            (HEAD + 'word_ordr = "low-first"\n' + ROW, "did you mean word_order"),
            (HEAD + ROW + ROW, "each field once"),
            (HEAD + ROW.replace("import_wh", "import_kwh"), "field"),
            (HEAD + ROW.replace("MWh", "kW"), "unit"),
            (HEAD + ROW.replace("0.001", "0"), "scale"),
            (HEAD + ROW.replace("16", "65535"), "address"),
            (HEAD + ROW.replace("uint32", "bcd"), "type"),
            (HEAD + ROW.replace("uint32", "text"), "type"),
            (HEAD + ROW.replace("address = 16", "addresses = [16, 18]"), "addresses"),
            (HEAD + ROW + "none = [1.5]\n", "none"),
            (HEAD + ROW.replace("uint32", "float32") + "none = [1]\n", "none"),
            (HEAD + ROW + 'events = ["lampFailure"]\n', "events"),
            (HEAD.replace("meter\"", "lamp\"").replace('medium = "heat"\n', "") + ROW, "field"),
            (HEAD.replace("meter\"", "lamp\"") + ROW, "no medium"),
            (HEAD + ROW.replace("MWh", "energy_unit"), "energy_units"),
            (HEAD + 'energy_units = ["MWh"]\n' + ROW, "energy_units"),
            (HEAD + 'energy_units = ["BTU"]\n' + ROW.replace("MWh", "energy_unit"), "energy_units"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_named(self, text: str, named: str) -> None:
        with pytest.raises(BadProfile, match=named):
            parse("mine", text)

    def test_a_profile_of_the_operators_own(self, tmp_path: Path) -> None:
        (tmp_path / "cellar.toml").write_text(HEAD + ROW, "utf-8")
        driver = configure("heat-1", "modbus", {"host": "h", "profile_file": str(tmp_path / "cellar.toml")})
        assert "Meter of a test (profile cellar)" in driver.describe()
        (tmp_path / "cellar.toml").write_text(HEAD + ROW.replace("uint32", "bcd"), "utf-8")
        with pytest.raises(BadOption, match=r"profile_file.*type = 'bcd'"):
            configure("heat-1", "modbus", {"host": "h", "profile_file": str(tmp_path / "cellar.toml")})

    @given(st.integers(0, 2**31 - 2))
    def test_word_orders_are_each_others_mirror(self, value: int) -> None:
        high, low = struct.unpack(">HH", struct.pack(">i", value))
        shown = []
        for order, words in (("high-first", (high, low)), ("low-first", (low, high))):
            profile = parse("heat", HEAD + f'word_order = "{order}"\n' + ROW.replace("uint32", "int32"))
            shown.append(decode_reading("heat-1", profile, {(3, 16): words[0], (3, 17): words[1]}))
        assert shown[0] == shown[1]
        assert shown[0].values()["import_wh"] == value * 1000.0

    def test_a_cabinets_contacts_behind_a_relay_module(self) -> None:
        text = """name = "Relay module"
kind = "cabinet"
source = "this test"
checked = 2026-11-26
function = 4
[[field]]
field = "door_open"
address = 0
type = "uint16"
[[field]]
field = "contactor_on"
address = 1
type = "uint16"
[[field]]
field = "leakage_ma"
address = 2
type = "uint16"
scale = 0.001
unit = "A"
[[field]]
field = "faults"
address = 3
type = "bits"
events = ["", "contactorError", "leakageDetected"]
"""
        reading = decode_reading(
            "cabinet-7", parse("relays", text), {(4, n): word for n, word in enumerate((0, 1, 30, 6))}
        )
        assert reading == Cabinet(
            sensor="cabinet-7",
            door_open=False,
            contactor_on=True,
            leakage_ma=30.0,
            faults=("contactorError", "leakageDetected"),
        )

    def test_no_value_is_absent_and_a_reading_of_nothing_is_refused(self) -> None:
        profile = parse("heat", HEAD + ROW + "none = [0xFFFFFFFF]\n")
        with pytest.raises(BadFrame, match="no register has a value"):
            decode_reading("heat-1", profile, {(3, 16): 0xFFFF, (3, 17): 0xFFFF})


class TestD4i:
    def test_published_value(self) -> None:
        assert decode_scaled(bytes.fromhex("FE 00 00 30 39")) == Decimal("123.45")

    @pytest.mark.parametrize(
        "raw", ["FE FF FF FF FF", "FE FF FF FF FE", "00 FF FF FF FF FF FF", "03 FF FF FF FF FF FE"]
    )
    def test_all_ones_and_the_number_below_are_no_value(self, raw: str) -> None:
        assert decode_scaled(bytes.fromhex(raw)) is None

    def test_the_highest_value_is_one(self) -> None:
        assert decode_scaled(bytes.fromhex("00 FF FF FF FD")) == 4_294_967_293
        assert decode_value(b"\xfd") == 253
        assert decode_value(b"\xfe") is None

    @pytest.mark.parametrize("raw", ["", "FE", "7F 00 00 00 01", "F9 00 00 00 01", "00 " * 9])
    def test_what_is_no_value_is_refused(self, raw: str) -> None:
        with pytest.raises(BadFrame):
            decode_scaled(bytes.fromhex(raw))

    @given(
        st.binary(min_size=7, max_size=7) | st.sampled_from([b"\x00" + b"\xff" * 6, b"\xfd" + b"\xff" * 5 + b"\xfe"])
    )
    def test_python_dali_agrees(self, raw: bytes) -> None:
        try:
            ours = decode_scaled(raw)
        except BadFrame:
            ours = None
        # A flag of python-dali's (not known, invalid) is no number, and neither is it here.
        theirs = None if ActiveEnergy.check_raw(raw) else ActiveEnergy.raw_to_value(raw)
        assert ours == theirs

    @given(st.integers(0, 2**32 - 3), st.integers(-6, 6))
    def test_round_trip(self, value: int, exponent: int) -> None:
        raw = exponent.to_bytes(1, "big", signed=True) + value.to_bytes(4, "big")
        assert decode_scaled(raw) == Decimal(value).scaleb(exponent)
