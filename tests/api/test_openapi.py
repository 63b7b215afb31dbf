"""The API against its own description, by generated requests: no 5xx, every answer of the shape that it promises."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

_CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]


@pytest.fixture(scope="module")
def described(client: Any) -> Any:
    schema = schemathesis.openapi.from_dict(client.told("/openapi.json"))
    # The event stream doesn't end by itself; it has a test of its own.
    return schema.exclude(path_regex="^/api/v1/live")


def test_no_request_breaks_it(described: Any, page: Any) -> None:
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 20
    statuses = set()
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=8,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case: Any) -> None:
            sent = case.as_transport_kwargs(base_url="http://127.0.0.1:8000")
            answer = page.request(sent["method"], sent["url"], params=sent.get("params"))
            statuses.add(answer.status_code)
            case.validate_response(answer, checks=_CHECKS)

        check()
    assert {200, 422} <= statuses


@pytest.mark.parametrize("kind", ["examples", "descriptions"])
def test_every_parameter_is_described(client: Any, kind: str) -> None:
    paths = client.told("/openapi.json")["paths"]
    for path, operations in paths.items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if kind == "descriptions":
                    assert parameter.get("description"), (path, parameter["name"])
                elif parameter["in"] == "path":
                    assert parameter["schema"].get("examples"), (path, parameter["name"])


def test_a_parameter_that_is_not_described_is_refused_with_those_that_are(
    client: Any, town: Any, make_client: Any
) -> None:
    paths = client.told("/openapi.json")["paths"]
    asking = make_client(key=town.keys["admin"])
    refused = 0
    for path, operations in paths.items():
        if "get" not in operations:
            continue
        described = sorted(one["name"] for one in operations["get"].get("parameters", ()) if one["in"] == "query")
        answer = asking.get(path.replace("{", "").replace("}", ""), params={"no-such": "1"})
        faults = answer.json().get("errors", ())
        if [one["field"] for one in faults] == ["no-such"]:
            expected = f"one of {', '.join(described)}" if described else "no parameters"
            assert faults[0]["expected"] == expected, path
            refused += 1
    assert refused > 40
