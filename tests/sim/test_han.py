"""A simulated HAN port and the driver that knows nothing of it."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from han.autodecoder import AutoDecoder
from hypothesis import given, settings
from hypothesis import strategies as st

from bypuls.edge.driver import BadOption, Driver, Garbage, Silent, Unplugged, configure
from bypuls.edge.drivers.han_cipher import HanKeys, decrypt, read_keys
from bypuls.edge.drivers.han_telegram import FrameSplitter, decode_list, meter_of
from bypuls.edge.drivers.patience import BadFrame
from bypuls.sim.han_meter import Fault, HanMeter, HanValues, Maker, frame, kamstrup_list
from bypuls.wire import Meter

SHOWN = HanValues(1033, (230, 229, 231), (1.5, 2.25, 0.5), import_wh=37_351_120, export_wh=1_250, export_power_w=12)


def han(meter: HanMeter, **options: object) -> Driver:
    return configure("meter-1", "han", {"port": meter.path} | options)


def told(driver: Driver) -> Iterator[Any]:
    return (item for item in driver.readings() if item is not None)


@pytest.mark.parametrize("maker", ["kamstrup", "aidon"])
def test_what_is_pushed_is_read(maker: Maker) -> None:
    with HanMeter("5705705705705702", lambda: SHOWN, maker=maker, every_s=0.05) as meter:
        driver = han(meter)
        readings = list(itertools.islice(told(driver), 2))
        driver.close()
    assert (
        readings
        == [
            Meter(
                sensor="meter-1",
                medium="electricity",
                import_wh=37_351_120,
                export_wh=1_250,
                power_w=1021,
                voltage_v=(230, 229, 231),
                current_a=(1.5, 2.2 if maker == "aidon" else 2.25, 0.5),
                serial="5705705705705702",
            )
        ]
        * 2
    )
    assert "5705705705705702" in driver.describe()


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("bad checksum", Garbage, "check sequence"),
        ("cut off", Garbage, "expected"),
        ("garbage", Silent, "no telegram"),
        ("silence", Silent, "no telegram"),
    ],
)
def test_faults(fault: Fault, error: type[Exception], said: str) -> None:
    with HanMeter("5705705705705702", lambda: SHOWN, every_s=0.02) as meter:
        meter.fault = fault
        with pytest.raises(error, match=said):
            list(han(meter, timeout_s=1, gap_s=0.1).readings())


ENCRYPTION, AUTHENTICATION = bytes(range(16)), bytes(range(0xD0, 0xE0))
KEYS = f"{ENCRYPTION.hex()}\n{AUTHENTICATION.hex()}\n"


def encrypt(plain: bytes, *, signed: bool = True, counter: int = 7) -> bytes:
    """As a meter does it, by another library call than the driver's."""
    title, invocation = b"KAM\0\0\0\0\x01", counter.to_bytes(4, "big")
    control = b"\x30" if signed else b"\x20"
    sealed = AESGCM(ENCRYPTION).encrypt(title + invocation, plain, control + AUTHENTICATION)
    body = control + invocation + (sealed[:-4] if signed else sealed[:-16])
    return b"\xdb\x08" + title + b"\x82" + len(body).to_bytes(2, "big") + body


class TestEncrypted:
    def test_published_vector(self) -> None:
        """DLMS Green Book: a get-request, protected with authentication and encryption, security suite 0."""
        ciphered = bytes.fromhex("30 01234567 411312FF935A47566827C467BC 7D825C3BE4A77C3FCC056B6B")
        apdu = bytes.fromhex("DB08 4D4D4D0000BC614E") + bytes([len(ciphered)]) + ciphered
        plain = decrypt(apdu, HanKeys(ENCRYPTION, AUTHENTICATION))
        assert plain == bytes.fromhex("C0010000080000010000FF0200")

    @pytest.mark.parametrize("signed", [True, False])
    def test_with_keys_it_is_read(self, tmp_path: Path, signed: bool) -> None:
        file = tmp_path / "keys"
        file.write_text(KEYS)
        file.chmod(0o600)
        closed = functools.partial(encrypt, signed=signed)
        with HanMeter("5705705705705702", lambda: SHOWN, every_s=0.05, encrypt=closed) as meter:
            driver = han(meter, key_file=str(file))
            assert next(told(driver)).import_wh == 37_351_120
            assert "encrypted" in driver.describe()
            driver.close()

    def test_without_keys_it_is_called_encrypted(self) -> None:
        with (
            HanMeter("5705705705705702", lambda: SHOWN, every_s=0.02, encrypt=encrypt) as meter,
            pytest.raises(Garbage, match="encrypted"),
        ):
            list(han(meter).readings())

    def test_with_other_keys_the_signature_does_not_fit(self) -> None:
        for keys in (HanKeys(AUTHENTICATION, AUTHENTICATION), HanKeys(ENCRYPTION, ENCRYPTION)):
            with pytest.raises(BadFrame, match="signature"):
                decrypt(encrypt(b"telegram"), keys)

    @given(st.binary(max_size=40))
    def test_any_bytes_are_opened_or_refused(self, data: bytes) -> None:
        # An unsigned telegram opens to anything; whatever else comes is a bad frame, not a fault.
        with contextlib.suppress(BadFrame):
            assert decrypt(b"\xdb\x08" + data, HanKeys(AUTHENTICATION, ENCRYPTION)) is not None

    @pytest.mark.parametrize(
        ("text", "mode", "expected"),
        [
            (KEYS, 0o644, "chmod 600"),
            ("00" * 16, 0o600, "two keys"),
            ("secret " + "00" * 16, 0o600, "two keys"),
            ("", 0o600, "two keys"),
        ],
    )
    def test_a_file_without_keys_is_told_and_never_shown(
        self, tmp_path: Path, text: str, mode: int, expected: str
    ) -> None:
        file = tmp_path / "keys"
        file.write_text(text)
        file.chmod(mode)
        with pytest.raises(BadOption, match=expected) as caught:
            configure("meter-1", "han", {"port": "p", "key_file": str(file)})
        assert "secret" not in str(caught.value)

    def test_a_credential(self, tmp_path: Path) -> None:
        file = tmp_path / "han-1"
        file.write_text(KEYS)
        file.chmod(0o440)
        keys = read_keys("credential:han-1", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
        assert (keys.encryption, keys.authentication) == (ENCRYPTION, AUTHENTICATION)
        assert ENCRYPTION.hex() not in repr(keys)
        with pytest.raises(ValueError, match="LoadCredential"):
            read_keys("credential:han-1", {})
        with pytest.raises(BadOption, match="key_file"):
            configure("meter-1", "han", {"port": "p", "key_file": "/nowhere/keys"})


def test_a_fault_that_passes_costs_its_telegrams_alone() -> None:
    with HanMeter("5705705705705702", lambda: SHOWN, every_s=0.05) as meter:
        driver = han(meter)
        readings = told(driver)
        next(readings)
        meter.fault = "cut off"
        pushed = meter.pushed
        while meter.pushed < pushed + 2:
            pass
        meter.fault = "none"
        assert next(readings).import_wh == 37_351_120
        driver.close()


def test_unplugged() -> None:
    meter = HanMeter("5705705705705702", lambda: SHOWN, every_s=0.02).start()
    readings = told(han(meter))
    next(readings)
    meter.stop()
    with pytest.raises(Unplugged, match="meter-1"):
        list(readings)


def test_currents_of_a_meter_for_transformers_are_unknown_rather_than_tenfold() -> None:
    told_by = kamstrup_list("5705705705705702", SHOWN, datetime(2026, 6, 1, 12, tzinfo=UTC))
    other = told_by.replace(b"6841138BN245", b"6851138BN245")
    for payload, currents in ((told_by, (1.5, 2.25, 0.5)), (other, None)):
        meter = meter_of("meter-1", decode_list(payload, AutoDecoder()))
        assert meter is not None
        assert (meter.current_a, meter.power_w) == (currents, 1021)


PAYLOAD = kamstrup_list("5705705705705702", SHOWN, datetime(2026, 6, 1, 12, tzinfo=UTC))
WHOLE = frame(PAYLOAD)


@given(st.lists(st.integers(1, 3 * len(WHOLE) - 1), max_size=12))
def test_pieces_of_any_size_are_the_same_telegrams(cuts: list[int]) -> None:
    stream, splitter, found = WHOLE * 3, FrameSplitter(), []
    for start, end in itertools.pairwise([0, *sorted(cuts), len(stream)]):
        found += list(splitter.feed(stream[start:end]))
    assert found == [PAYLOAD] * 3
    assert not splitter.unfinished


@settings(max_examples=200)
@given(st.binary(max_size=60), st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_never_a_telegram_and_the_next_one_is_read(noise: bytes, at: int, change: int) -> None:
    spoiled = bytearray(WHOLE)
    spoiled[at] ^= change
    splitter = FrameSplitter()
    found = list(splitter.feed(noise + bytes(spoiled)))
    assert [item for item in found if not isinstance(item, BadFrame) and item != PAYLOAD] == []
    if splitter.unfinished:
        splitter.drop()
    assert [item for item in splitter.feed(WHOLE) if not isinstance(item, BadFrame)] == [PAYLOAD]
