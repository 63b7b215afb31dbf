"""The API against its own description, by generated requests: no 5xx, every answer of the shape that it promises."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

_CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]


@pytest.fixture(scope="module")
def operations(open_server: str) -> list[Any]:
    schema = schemathesis.openapi.from_url(f"{open_server}/api/v1/openapi.json")
    # The event stream doesn't end by itself; it has a test of its own.
    return [found.ok() for found in schema.exclude(path="/api/v1/live").get_all_operations()]


def test_no_request_breaks_it(operations: list[Any]) -> None:
    assert len(operations) > 20
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=10,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case: Any) -> None:
            case.call_and_validate(checks=_CHECKS)

        check()
