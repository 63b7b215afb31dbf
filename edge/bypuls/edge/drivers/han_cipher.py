"""Encrypted HAN telegrams: the keys that the grid company gives out, and the telegram in the clear.

Source: DLMS Green Book, general-glo-ciphering with security suite 0 (AES-128 in Galois/counter mode, tag of 12 bytes).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bypuls.edge.drivers.patience import BadFrame

GENERAL_GLO_CIPHERING = 0xDB

_ENCRYPTED_ONLY, _ENCRYPTED_AND_SIGNED = 0x20, 0x30  # security control byte, suite 0, unicast key
_TAG = 12
_SYSTEM_TITLE = 8
_KEY = re.compile(r"[0-9A-Fa-f]{32}")


@dataclass(frozen=True, slots=True)
class HanKeys:
    """Of one meter: for encryption (GPK60 in Denmark) and for the signature (GPK61), 16 bytes each."""

    encryption: bytes = field(repr=False)
    authentication: bytes = field(repr=False)


def read_keys(place: str, env: Mapping[str, str] = os.environ) -> HanKeys:
    """The keys in a file: two times 32 hexadecimal digits, GPK60 first. `credential:NAME` is a systemd credential.

    Raises OSError, and ValueError which never shows what stands in the file.
    """
    scheme, _, name = place.partition(":")
    if scheme == "credential":
        folder = env.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise ValueError("a credential that systemd loads: LoadCredential= in the unit")
        path = Path(folder) / name
    else:
        # What systemd hands over it protects itself, by an access list that shows as the group's rights.
        path = Path(place)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ValueError("a file that its owner alone can read: chmod 600")
    found = path.read_text("ascii", errors="replace").split()
    if len(found) != 2 or not all(_KEY.fullmatch(key) for key in found):
        raise ValueError("two keys of 32 hexadecimal digits, GPK60 and GPK61, with a blank or line between")
    return HanKeys(*(bytes.fromhex(key) for key in found))


def decrypt(apdu: bytes, keys: HanKeys) -> bytes:
    """The data-notification inside a general-glo-ciphering APDU. Raises BadFrame, also where the keys are others."""
    from cryptography.exceptions import InvalidTag  # only where a meter encrypts
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    title, rest = apdu[2 : 2 + _SYSTEM_TITLE], apdu[2 + _SYSTEM_TITLE :]
    if apdu[:2] != bytes((GENERAL_GLO_CIPHERING, _SYSTEM_TITLE)) or len(title) < _SYSTEM_TITLE:
        raise BadFrame(f"{apdu[:2].hex(' ')} — expected db 08 and a system title of 8 bytes")
    ciphered = _sized(rest)
    control, counter, body = ciphered[:1], ciphered[1:5], ciphered[5:]
    nonce = title + counter
    if control == bytes((_ENCRYPTED_AND_SIGNED,)):
        if len(body) <= _TAG:
            raise BadFrame(f"{len(body)} bytes — expected more than the tag of {_TAG}")
        text, tag = body[:-_TAG], body[-_TAG:]
        opened = Cipher(algorithms.AES(keys.encryption), modes.GCM(nonce, tag, min_tag_length=_TAG)).decryptor()
        opened.authenticate_additional_data(control + keys.authentication)
        try:
            return opened.update(text) + opened.finalize()
        except InvalidTag as error:
            raise BadFrame("a telegram whose signature doesn't fit; expected it signed with these keys") from error
    if control == bytes((_ENCRYPTED_ONLY,)) and body:
        # Unsigned: counter mode from the second block on, as in Galois/counter mode. The frame's check sequence holds.
        stream = Cipher(algorithms.AES(keys.encryption), modes.CTR(nonce + b"\0\0\0\2")).decryptor()
        return stream.update(body) + stream.finalize()
    raise BadFrame(f"security control {control.hex()} — expected 30 or 20")


def _sized(data: bytes) -> bytes:
    """What follows a BER length. Raises BadFrame where it isn't as long as it says."""
    if not data:
        raise BadFrame("nothing after the system title — expected a length")
    size, start = data[0], 1
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[1:start], "big")
    if size < 5 or len(data) - start != size:
        raise BadFrame(f"{len(data) - start} bytes of cipher text — expected {size}, as it says")
    return data[start:]
