"""What can be wrong with a message; all of it is for the sender to mend.

WireError (ValueError)
├── BadField         one field of one reading or message: names field, value and what was expected
├── Undecodable      the bytes are no message of this contract at all
└── UnknownVersion   a message of a contract that this release does not speak
"""

from __future__ import annotations

_SHOWN = 80
_LONGEST_NAME = 64


def shown(value: object) -> str:
    """`value` as it may stand in an error: its repr, cut to 80 characters; printable, so it can always be sent on."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested to the interpreter's limit, or a whole number of thousands of digits
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


class WireError(ValueError):
    """A message that does not keep the contract."""


class BadField(WireError):
    """One field is wrong: `field` [its name], `value` [as sent], `expected` [in words].

    A name that the sender made up is shown like a value: cut, and with its unprintable characters escaped.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        if len(field) > _LONGEST_NAME or not field.isprintable():
            field = shown(field)
        super().__init__(f"{field}: {shown(value)} — expected {expected}")
        self.field = field
        self.value = value
        self.expected = expected


class Undecodable(WireError):
    """The bytes carry no message: not UTF-8, not JSON, or without the frame that says whose readings these are."""


class UnknownVersion(WireError):
    """The message's `v` is none that this release speaks."""

    def __init__(self, version: object) -> None:
        super().__init__(f"v: {shown(version)} — expected 1")
        self.version = version
