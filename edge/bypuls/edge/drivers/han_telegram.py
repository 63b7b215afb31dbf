"""What a meter pushes at its HAN port: HDLC frames in, a Meter out. Pure: no port is opened here.

Frames are checked here and decoded by amshan, which knows the lists of Kamstrup, Aidon and Kaifa and their steps.
Sources: IEC 62056-46 (HDLC, frame format type 3), DLMS Green Book (data-notification); Kamstrup, OMNIPOWER HAN
interface specification 5512-2584; NEK, AMS HAN for Aidon and Kaifa.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import construct
from han import kamstrup, obis_map
from han.autodecoder import AutoDecoder
from han.hdlc import HdlcFrame
from han.obis import Obis

from bypuls.edge.drivers.han_cipher import GENERAL_GLO_CIPHERING, HanKeys, decrypt
from bypuls.edge.drivers.patience import BadFrame
from bypuls.wire import Meter

FLAG = 0x7E
_FORMAT = 0xA0  # type 3, the upper four bits
_SEGMENTED = 0x08
_SHORTEST = 9  # addresses of one byte, control, both check sequences
_LLC = bytes.fromhex("e6e700")
_DED_CIPHERING = 0xDD
_NO_KEYS = "an encrypted telegram; expected the option key_file with the keys that the grid company gives out"

# In the meters' lists a register is a whole number of 10 Wh, a current of 0.01 or 0.001 A: rounding removes what binary
# fractions add.
_DECIMALS = 3


class FrameSplitter:
    """Bytes as they come, in any pieces, into the information fields of whole frames. A frame whose length or check
    sequence is wrong is given as the BadFrame that it is; reading goes on at the next flag after its beginning."""

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def unfinished(self) -> bool:
        """A frame has begun and not ended."""
        return len(self._pending) > 1

    def drop(self) -> BadFrame:
        """Gives up the frame that has begun: its rest didn't come."""
        error = BadFrame(f"{_shown(self._pending)} — a frame that was cut off")
        self._pending.clear()
        return error

    def feed(self, data: bytes) -> Iterator[bytes | BadFrame]:
        """The payloads that end in `data`."""
        self._pending += data
        while True:
            start = self._pending.find(FLAG)
            if start < 0:
                self._pending.clear()  # the rest of a frame that had begun before we listened
                return
            del self._pending[:start]
            while len(self._pending) > 1 and self._pending[1] == FLAG:
                del self._pending[0]  # end and start, or filling
            if len(self._pending) < 3:
                return
            length = (self._pending[1] & 0x07) << 8 | self._pending[2]
            if self._pending[1] & 0xF0 != _FORMAT or length < _SHORTEST:
                # Not a beginning: the flag was the end of a frame that we did not see.
                del self._pending[0]
                continue
            if len(self._pending) < length + 2:
                return
            frame = bytes(self._pending[1 : length + 1])
            try:
                if self._pending[length + 1] != FLAG:
                    raise BadFrame(f"{_shown(frame)} — expected the end after {length} bytes")
                payload = _payload(frame)
            except BadFrame as error:
                del self._pending[0]
                yield error
            else:
                del self._pending[: length + 1]
                if payload:
                    yield payload


def _shown(frame: bytes | bytearray) -> str:
    return frame[:24].hex(" ") + (f" … ({len(frame)} bytes)" if len(frame) > 24 else "")


def _payload(frame: bytes) -> bytes:
    """The information field of a frame between its flags. Raises BadFrame."""
    checked = HdlcFrame()
    for byte in frame:
        checked.append(byte)
    if not (checked.is_good_ffc and checked.is_expected_length):
        raise BadFrame(f"{_shown(frame)} — expected another check sequence than {frame[-2:].hex(' ')}")
    if frame[0] & _SEGMENTED:
        raise BadFrame(f"{_shown(frame)} — a telegram in segments; expected it in one frame")
    return checked.payload or b""


def decode_list(payload: bytes, decoder: AutoDecoder, keys: HanKeys | None = None) -> Mapping[str, object]:
    """A list of the meter by amshan's names (`active_power_import` …). Raises BadFrame."""
    tag = payload[len(_LLC)] if payload[: len(_LLC)] == _LLC and len(payload) > len(_LLC) else None
    if tag == GENERAL_GLO_CIPHERING and keys is not None:
        payload = _LLC + decrypt(payload[len(_LLC) :], keys)
    elif tag in (GENERAL_GLO_CIPHERING, _DED_CIPHERING):
        raise BadFrame(f"{_shown(payload)} — {_NO_KEYS}")
    decoded: Mapping[str, object] | None
    try:
        decoded = decoder.decode_message_payload(payload)
    except KeyError:
        decoded = _without_unknown(payload)
    if not decoded:
        raise BadFrame(f"{_shown(payload)} — expected a list of Kamstrup, Aidon or Kaifa")
    return decoded


def _without_unknown(payload: bytes) -> Mapping[str, object]:
    """A Kamstrup list with values whose OBIS code amshan has no name for: without these. Raises BadFrame."""
    try:
        parsed = kamstrup.LlcPdu.parse(payload)
        body = parsed.information.notification_body
        known = [item for item in body.list_items if not item.obis or _named(item.obis)]
        body.list_items = construct.ListContainer(known)
        decoded: Mapping[str, object] = kamstrup.normalize_parsed_frame(parsed)
    except (construct.ConstructError, ValueError, KeyError, TypeError) as error:
        raise BadFrame(f"{_shown(payload)} — expected a list of Kamstrup: {error}") from error
    return decoded


def _named(obis: str) -> bool:
    return Obis.from_string(obis).to_group_cdr_str() in obis_map.obis_name_map


def meter_of(sensor: str, said: Mapping[str, object]) -> Meter | None:
    """The reading of `sensor` from a list: OBIS 1.8.0, 2.8.0 [Wh]; 1.7.0 less 2.7.0 [W]; 32, 52, 72.7.0 [V]; 31, 51,
    71.7.0 [A]. None for a list that says none of these. Raises BadFrame, BadField.
    """
    drawn = _number(said, obis_map.FIELD_ACTIVE_POWER_IMPORT)
    given = _number(said, obis_map.FIELD_ACTIVE_POWER_EXPORT)
    power = None if drawn is None and given is None else (drawn or 0.0) - (given or 0.0)
    values = {
        "import_wh": _number(said, obis_map.FIELD_ACTIVE_POWER_IMPORT_TOTAL),
        "export_wh": _number(said, obis_map.FIELD_ACTIVE_POWER_EXPORT_TOTAL),
        "power_w": power,
        "voltage_v": _phases(said, "voltage"),
        "current_a": None if _by_transformers(said) else _phases(said, "current"),
    }
    if all(value is None for value in values.values()):
        return None
    serial = said.get(obis_map.FIELD_METER_ID)
    return Meter(
        sensor=sensor,
        medium="electricity",
        serial=serial if isinstance(serial, str) and serial else None,
        **values,  # type: ignore[arg-type]
    )


def _by_transformers(said: Mapping[str, object]) -> bool:
    """Whether this is a Kamstrup meter for current transformers. It tells currents in 0.001 A, which amshan up to 2.1.1
    takes for 0.01 A (it looks for the type under an OBIS code that ends in 256): better unknown than tenfold."""
    kind = said.get(obis_map.FIELD_METER_TYPE)
    return (
        said.get(obis_map.FIELD_METER_MANUFACTURER) == "Kamstrup" and isinstance(kind, str) and kind.startswith("685")
    )


def _number(said: Mapping[str, object], name: str) -> float | None:
    value = said.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadFrame(f"{name}: {value!r} — expected a number")
    return round(float(value), _DECIMALS)


def _phases(said: Mapping[str, object], quantity: str) -> tuple[float, ...] | None:
    """L1, L2, L3 as far as they are told; unknown where one before another is missing (a grid without neutral)."""
    told = [_number(said, f"{quantity}_l{phase}") for phase in (1, 2, 3)]
    while told and told[-1] is None:
        told.pop()
    known = tuple(value for value in told if value is not None)
    return known if known and len(known) == len(told) else None
