"""edge.toml: what is wrong in it is named with file, table, key, value and what was expected."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bypuls.edge.config import BadConfig, load
from bypuls.edge.driver import configure

GOOD = """
device = "pi-0042"
[broker]
host = "broker.town.example"
[outbox]
path = "outbox.db"
"""
EXAMPLE = Path(__file__).parents[2] / "edge" / "edge.example.toml"


def read(tmp_path: Path, text: str, env: dict[str, str] | None = None):
    file = tmp_path / "edge.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, env or {})


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD)
    assert (config.device, config.sensors, config.health_interval_s) == ("pi-0042", (), 60.0)
    assert (config.broker.port, config.broker.tls.enabled) == (8883, True)
    assert (config.outbox.path, config.outbox.max_mb, config.outbox.keep_receipted_h) == (
        tmp_path / "outbox.db",
        512,
        48,
    )
    assert (config.outbox.commit_rows, config.outbox.commit_s) == (100, 1.0)
    assert (config.clock.trust, config.clock.earliest) == ("synchronised", datetime(2010, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_this_machine_tls_is_off_unless_said(tmp_path: Path, host: str) -> None:
    config = read(tmp_path, GOOD.replace("broker.town.example", host))
    assert (config.broker.port, config.broker.tls.enabled) == (1883, False)
    config = read(tmp_path, GOOD.replace("broker.town.example", host) + "[broker.tls]\nenabled = true\n")
    assert (config.broker.port, config.broker.tls.enabled) == (8883, True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("device =", "devise ="), "devise = 'pi-0042' — expected no such key; did you mean device?"),
        (('"pi-0042"', '"Pi 42"'), "device = 'Pi 42' — expected an id"),
        (('"pi-0042"', "42"), "device = 42 — expected an id"),
        (("[broker]", "[broker]\nprot = 1"), "[broker] prot = 1 — expected no such key; did you mean port?"),
        (("[broker]", "[broker]\nport = 70000"), "[broker] port = 70000 — expected a whole number within 1…65535"),
        (("[broker]", "[broker]\nport = true"), "[broker] port = True — expected a whole number"),
        (("[broker]", "[broker]\nkeepalive_s = 0.1"), "[broker] keepalive_s = 0.1 — expected a number within 2…3600"),
        (("host =", "port = 1\n#"), "[broker] host = None — expected a text"),
        (("[outbox]", "[broker.tls]\nenabled = 1\n[outbox]"), "[broker.tls] enabled = 1 — expected true or false"),
        (
            ("[outbox]", '[broker.tls]\nkey_file = "k"\n[outbox]'),
            "[broker.tls] cert_file = None — expected the certificate",
        ),
        (("[outbox]", '[broker.tls]\nca_file = "credential:ca"\n[outbox]'), "expected a credential that systemd loads"),
        (("path =", "max_mb = 0\npath ="), "[outbox] max_mb = 0 — expected a number within 1…"),
        (('path = "outbox.db"', ""), "[outbox] path = None — expected a text"),
        (
            ("[outbox]", '[clock]\ntrust = "allways"\n[outbox]'),
            "[clock] trust = 'allways' — expected one of synchronised",
        ),
        (("[outbox]", '[clock]\nearliest = "2010"\n[outbox]'), "[clock] earliest = '2010' — expected a day"),
        (("[outbox]", "[health]\ninterval_s = nan\n[outbox]"), "[health] interval_s = nan — expected a number"),
        (("[outbox]", 'sensor = "radar"\n[outbox]'), "sensor = 'radar' — expected only host"),
        (("[outbox]", '[[sensor]]\nid = "a"\n[outbox]'), "[sensor 1] driver = None — expected a text"),
        (("[outbox]", '[[sensor]]\nid = "a"\ndriver = "x"\nport = 1\n[outbox]'), "[sensor 1] port = 1 — expected"),
        (
            ("[outbox]", '[[sensor]]\nid = "a"\ndriver = "x"\noptions = 1\n[outbox]'),
            "[sensor 1] options = 1 — expected",
        ),
        (
            ("[outbox]", '[[sensor]]\nid = "a"\ndriver = "x"\n[[sensor]]\nid = "a"\ndriver = "x"\n[outbox]'),
            "[sensor 2] id = 'a' — expected an id that no other sensor has",
        ),
        (("device =", "device =="), "expected a TOML file in UTF-8"),
    ],
)
def test_errors(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(BadConfig) as caught:
        read(tmp_path, GOOD.replace(*change))
    assert said in str(caught.value)
    assert str(tmp_path / "edge.toml") in str(caught.value)


def test_secrets_stand_outside_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="environment BYPULS_MQTT_PASSWORD") as caught:
        read(tmp_path, GOOD.replace("[broker]", '[broker]\npassword = "canary"'))
    assert "canary" not in str(caught.value)
    config = read(tmp_path, GOOD, {"BYPULS_MQTT_USERNAME": "pi-0042", "BYPULS_MQTT_PASSWORD": "canary"})
    assert (config.broker.username, config.broker.password) == ("pi-0042", "canary")
    assert "canary" not in repr(config)
    (tmp_path / "mqtt-password").write_text("from systemd\n", encoding="utf-8")
    config = read(tmp_path, GOOD, {"CREDENTIALS_DIRECTORY": str(tmp_path), "BYPULS_MQTT_PASSWORD": "canary"})
    assert config.broker.password == "from systemd"


def test_files_are_found_beside_the_configuration_or_as_credentials(tmp_path: Path) -> None:
    tls = '[broker.tls]\nca_file = "ca.pem"\ncert_file = "/etc/c.pem"\nkey_file = "credential:key.pem"\n'
    config = read(tmp_path, GOOD + tls, {"CREDENTIALS_DIRECTORY": "/run/credentials/x"})
    found = (config.broker.tls.ca_file, config.broker.tls.cert_file, config.broker.tls.key_file)
    assert found == (tmp_path / "ca.pem", Path("/etc/c.pem"), Path("/run/credentials/x/key.pem"))


def test_the_example_is_sound() -> None:
    config = load(EXAMPLE, {"CREDENTIALS_DIRECTORY": "/run/credentials/bypuls-edge.service"})
    assert config.broker.tls.enabled
    assert config.sensors
    for sensor in config.sensors:
        assert configure(sensor.id, sensor.driver, sensor.options).describe()
