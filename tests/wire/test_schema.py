"""The committed schemas, the AsyncAPI document and the reference page say what the code says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bypuls.wire import KINDS, decode_batch, decode_reading
from bypuls.wire.bins import BIN_FIELDS
from bypuls.wire.examples import MESSAGES, READINGS
from bypuls.wire.messages import decode_command, decode_receipt, decode_status
from bypuls.wire.reference import fill
from bypuls.wire.schema import FOLDER, REFERENCE, documents, kind_schema, main, stale, texts
from bypuls.wire.topics import CHANNELS

NAMES = [name.removesuffix(".schema.json") for name in documents() if name != "asyncapi.json"]


def committed(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return document


def nodes(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(item)


def test_committed_files_are_what_the_code_makes() -> None:
    assert stale(texts()) == [], "run: python -m bypuls.wire.schema"
    assert {path.name for path in FOLDER.iterdir()} == set(documents())
    assert main(["--check"]) == 0


def test_the_reference_page_is_among_them() -> None:
    assert REFERENCE in texts()
    page = REFERENCE.read_text(encoding="utf-8")
    for kind, cls in KINDS.items():
        assert f"### `{kind}`" in page
        assert all(f"| `{name}`" in page for name in cls.specs)
    assert all(f"### Bins of `{kind}`" in page for kind in BIN_FIELDS)


def test_a_stale_file_is_noticed_and_written_anew(tmp_path: Path) -> None:
    page = tmp_path / "contract.md"
    page.write_text("# Kept\n<!-- generated: faults -->\n<!-- end -->\nKept too.\n", encoding="utf-8")
    made = texts(tmp_path, page)
    assert set(stale(made)) == set(made)
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    assert stale(texts(tmp_path, page)) == []
    assert page.read_text(encoding="utf-8").startswith("# Kept\n<!-- generated: faults -->\n\n`lampFailure`, ")
    assert page.read_text(encoding="utf-8").endswith("\n\n<!-- end -->\nKept too.\n")
    (tmp_path / "lamp.schema.json").write_text("{}", encoding="utf-8")
    assert stale(texts(tmp_path, page)) == [tmp_path / "lamp.schema.json"]


def test_a_page_that_asks_for_an_unknown_block_is_an_error() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        fill("<!-- generated: nonsense -->\n<!-- end -->")


@pytest.mark.parametrize("name", NAMES)
def test_schemas_keep_their_dialect_and_their_examples_are_valid(name: str) -> None:
    schema = committed(f"{name}.schema.json")
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:bypuls:v1:{name}"
    for node in nodes(schema):
        for example in node.get("examples", []):
            Draft202012Validator(schema | node if "$ref" in json.dumps(node) else node).validate(example)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_an_example_of_its_own(kind: str) -> None:
    [example] = committed(f"{kind}.schema.json")["examples"]
    assert decode_reading(json.dumps(example).encode()) == READINGS[kind]
    assert Draft202012Validator(committed("reading.schema.json")).is_valid(example)


@pytest.mark.parametrize(
    ("name", "decode"),
    [
        ("batch", decode_batch),
        ("receipt", decode_receipt),
        ("status", decode_status),
        ("command", decode_command),
    ],
)
def test_messages_of_the_examples_are_read_and_valid(name: str, decode: Any) -> None:
    validator = Draft202012Validator(committed(f"{name}.schema.json"))
    for data in MESSAGES[name]:
        decode(data)
        validator.validate(json.loads(data))


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_says_its_unit_and_no_other_field_exists(kind: str) -> None:
    schema = kind_schema(KINDS[kind])
    assert schema["additionalProperties"] is False
    assert list(schema["properties"]) == ["kind", "sensor", "t", *KINDS[kind].specs]
    for name, spec in KINDS[kind].specs.items():
        assert spec.doc in schema["properties"][name]["description"]
        if spec.unit:
            assert f"[{spec.unit}]" in schema["properties"][name]["description"]


def resolve(document: dict[str, Any], reference: str) -> Any:
    name, _, pointer = reference.partition("#")
    found: Any = committed(name.removeprefix("./")) if name else document
    for step in pointer.split("/")[1:]:
        found = found[step]
    return found


@pytest.mark.parametrize("name", list(documents()))
def test_every_reference_leads_somewhere(name: str) -> None:
    document = committed(name)
    for node in nodes(document):
        if "$ref" in node:
            assert isinstance(resolve(document, node["$ref"]), dict)


def test_asyncapi_has_every_channel_with_its_direction_and_payload() -> None:
    document = committed("asyncapi.json")
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == set(CHANNELS)
    directions = {}
    for operation in document["operations"].values():
        channel = resolve(document, operation["channel"]["$ref"])
        directions[channel["address"]] = operation["action"], operation["bindings"]["mqtt"]["retain"]
        for message in operation["messages"]:
            assert resolve(document, message["$ref"]) in channel["messages"].values()
    assert directions == {
        "bypuls/v1/{device}/readings": ("receive", False),
        "bypuls/v1/{device}/receipts": ("send", False),
        "bypuls/v1/{device}/status": ("receive", True),
        "bypuls/v1/{device}/commands": ("send", False),
    }
    for message in document["components"]["messages"].values():
        schema = resolve(document, message["payload"]["schema"]["$ref"])
        for example in message["examples"]:
            Draft202012Validator(schema).validate(example["payload"])
