"""Street lights through the API: states, energy, what is dark. Silence is unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bypuls.api.models_lighting import (
    CabinetStateModel,
    DarkStretchModel,
    LampStateModel,
    LightEnergyPageModel,
    LightingModel,
)


def test_states_without_an_alarm(ask: Any) -> None:
    told = ask().told("/lighting")
    LightingModel.model_validate(told)
    assert told["states"] == {"fault": 2, "unknown": 2, "ok": 0, "dimmed": 2, "off": 0}
    assert told["night"] is True
    assert (told["lamps"], told["power_w"], told["lamps_with_power"]) == (6, 40.0, 4)
    assert told["open"]["alarms"] == 0
    assert told["open"]["lamps_out"] == 2
    # Civil dusk about 20:20, dawn about 06:07.
    assert told["open"]["dark_lamp_hours_per_night"] == pytest.approx(2 * 9.8, rel=0.03)


def test_lamps(ask: Any) -> None:
    client = ask()
    found = {one["lamp"]: one for one in client.told("/lighting/lamps")["items"]}
    for one in found.values():
        LampStateModel.model_validate(one)
    assert {id: one["state"] for id, one in found.items()} == {
        "l-1": "dimmed", "l-2": "fault", "l-3": "fault", "l-4": "dimmed", "l-5": "unknown", "l-6": "unknown",
    }  # fmt: skip
    assert found["l-2"]["faults"] == ["lampFailure"]
    assert found["l-2"]["expected_w"] == 20.0
    assert found["l-5"]["since"] == "2026-03-29T21:00:00Z"
    assert found["l-5"]["power_w"] is None
    assert found["l-6"]["sensor"] is None
    assert found["l-1"]["school_way"] is True
    assert [one["lamp"] for one in client.told("/lighting/lamps", state="unknown", cabinet="cab")["items"]] == [
        "l-5", "l-6",
    ]  # fmt: skip
    assert client.told("/lighting/lamps", site="elsewhere")["total"] == 0
    assert client.told("/lighting/lamps/l-3")["cycle_path"] is True


def test_a_cabinet_whose_meter_sees_no_lamps_at_night_is_never_ok(street: Any, ask: Any) -> None:
    street.now[0] += timedelta(minutes=20)  # no lamp speaks any more
    street.context.store.write([street.load(4.0)])
    told = ask().told("/lighting/cabinets/cab")
    assert (told["state"], told["faults"], told["expected_w"]) == ("fault", ["supplyLoss"], 120.0)
    assert "no supply" in ask().get("/lights/cabinets/cab?lang=en").text


def test_cabinets(ask: Any) -> None:
    found = ask().told("/lighting/cabinets")["items"]
    for one in found:
        CabinetStateModel.model_validate(one)
    assert [(one["cabinet"], one["state"], one["power_w"]) for one in found] == [
        ("cab", "ok", 75.0), ("dumb", "unknown", None),
    ]  # fmt: skip
    # Two lamps say nothing: they should burn all the same, by wattage and profile.
    assert found[0]["expected_w"] == 120.0
    assert ask().told("/lighting/cabinets/cab")["lamps"]["fault"] == 2


def test_a_dark_stretch_reaches_from_lit_lamp_to_lit_lamp(ask: Any) -> None:
    (found,) = ask().told("/lighting/dark-stretches")["items"]
    DarkStretchModel.model_validate(found)
    assert sorted(found["lamps"]) == ["l-2", "l-3"]
    # 3 × 0.0005° of longitude at 55.73 N: 3 × 31.3 m.
    assert found["length_m"] == pytest.approx(94.0, abs=0.5)
    assert (found["school_way"], found["cycle_path"]) == (True, True)


def test_alarms_keep_a_lamp_faulty_by_day(street: Any, ask: Any) -> None:
    street.rounds()
    assert ask().told("/lighting")["open"]["alarms"] == 2
    street.now[0] = datetime(2026, 3, 31, 11, tzinfo=UTC)
    off = {"on": False, "power_w": 0.0, "level_pct": 0.0}
    street.speak(**{f"l-{n}": off for n in range(1, 5)})
    told = ask().told("/lighting")
    assert told["states"] == {"fault": 2, "unknown": 2, "ok": 0, "dimmed": 0, "off": 2}
    lamp = ask().told("/lighting/lamps/l-2")
    assert lamp["since"].startswith("2026-03-30T21:15")
    assert len(lamp["alarms"]) == 1
    street.now[0] += timedelta(days=1)
    assert ask().told("/lighting")["states"]["unknown"] == 6


def test_time_to_repair(street: Any, ask: Any) -> None:
    street.rounds()
    street.now[0] += timedelta(minutes=15)
    for _ in range(3):
        street.now[0] += timedelta(minutes=15)
        street.speak(**{"l-2": {"power_w": 20.0}})
        street.evaluator.round(everything=True)
    told = ask().told("/lighting")
    year = {"start": "2025-03-31T01:00:00+02:00", "end": "2026-03-31T01:00:00+02:00"}
    assert told["time_to_repair"] == {
        "n": 1, "median_h": 1.0, "p90_h": 1.0, "still_open": 1, "unknown": 0, "coverage": 1.0, **year
    }  # fmt: skip
    # Both were out when they were first looked at: nobody knows since when.
    assert told["time_to_detect"] == {
        "n": 0, "median_h": None, "p90_h": None, "still_open": 0, "unknown": 2, "coverage": 0.0, **year
    }  # fmt: skip


def test_energy(ask: Any) -> None:
    told = ask().told("/lighting/energy", **{"from": "2026-03-28", "to": "2026-03-30", "by": "lamp"})
    LightEnergyPageModel.model_validate(told)
    rows = {one["id"]: one for one in told["items"]}
    # 28 March 00 to 30 March 00 local time is 27 March 23 to 29 March 22 UTC: 6 + 11 + 4 hours of light.
    assert rows["l-1"]["kwh"] == pytest.approx(21 * 0.020)
    assert rows["l-1"]["burning_h"] == 21.0
    assert (rows["l-1"]["coverage"], rows["l-1"]["lit_share"]) == (1.0, 1.0)
    assert rows["l-1"]["dkk"] == pytest.approx(0.84)
    assert rows["l-1"]["kg_co2"] is None
    assert told["missing"] == ["factor"]
    assert (rows["l-2"]["lit_share"], rows["l-2"]["kwh"]) == (0.0, 0.0)
    assert rows["l-4"]["kwh"] is None
    assert rows["l-4"]["lit_share"] is None
    assert rows["l-4"]["unknown_h"] == pytest.approx(rows["l-4"]["night_h"])
    by_street = ask().told("/lighting/energy", **{"from": "2026-03-28", "to": "2026-03-30", "by": "site"})
    assert [(one["id"], one["lamps"]) for one in by_street["items"]] == [("lane", 6)]
    assert by_street["totals"]["lit_share"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/lamps/l-9", 404), ("/cabinets/x", 404), ("/lamps?state=gone", 422), ("/energy?by=x", 422),
     ("/energy?from=2026-03-28&to=2026-03-27", 422), ("/lamps/UPPER", 422), ("?x=1", 422)],
)  # fmt: skip
def test_bad_questions(ask: Any, path: str, status: int) -> None:
    answer = ask().get(f"/api/v1/lighting{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_strangers_see_nothing(ask: Any) -> None:
    for path in ("", "/lamps", "/cabinets/cab", "/energy", "/dark-stretches"):
        assert ask(address="192.0.2.9", host="bypuls.example").get(f"/api/v1/lighting{path}").status_code == 401
