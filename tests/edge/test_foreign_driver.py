"""A driver that is installed beside the edge is named in edge.toml by its module and factory."""

from __future__ import annotations

import pytest

from bypuls.edge.driver import BadOption, configure

ONEWIRE = "bypuls.edge.drivers.onewire:configure"  # any module with a factory serves


def test_a_module_and_its_factory_make_a_driver() -> None:
    assert "28-0000075565ad" in configure("roof", ONEWIRE, {"rom": "28-0000075565ad"}).describe()


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        ("no_such_package.radar:configure", "no_such_package"),
        ("bypuls.edge.drivers.onewire:make", "a factory 'make' in bypuls.edge.drivers.onewire"),
        ("onewires", "did you mean onewire"),
    ],
)
def test_what_is_not_there_is_named(driver: str, expected: str) -> None:
    with pytest.raises(BadOption, match="sensor roof, option driver") as caught:
        configure("roof", driver, {})
    assert expected in str(caught.value)
