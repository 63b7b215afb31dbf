"""Compose file and systemd units: valid, hardened, without secrets, and calling what there is."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from bypuls.cli.app import app
from bypuls.cli.settings import Environment

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def known_variables() -> set[str]:
    """The variables that the services read."""
    return {f"BYPULS_{name.upper()}" for name in Environment.model_fields}


def options_exist(words: list[str]) -> None:
    """Fails where a command or one of its options isn't there."""
    # `reports serve`: the options are the inner command's.
    command = list(itertools.takewhile(lambda word: not word.startswith("--"), words))
    helped = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"})
    assert helped.exit_code == 0, words
    for option in (word for word in words if word.startswith("--")):
        assert option in helped.output, f"{' '.join(command)} has no {option}"


def test_compose_names_everything_that_it_uses(compose: dict[str, Any]) -> None:
    ours = {"ingest", "api", "alarms", "reports", "results"}
    assert set(compose["services"]) == {"mosquitto", "influxdb", "grafana", *ours}
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if not source.startswith("."):
                assert source in compose["volumes"], f"{name}: {source}"
            elif "certificates.d" not in source:
                assert (DEPLOY / source).exists(), f"{name}: {source}"
        for secret in service.get("secrets", []):
            source = secret["source"] if isinstance(secret, dict) else secret
            assert source in compose["secrets"], f"{name}: {source}"
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        assert not service.get("image", "x:1").endswith(":latest")


def test_compose_opens_the_broker_alone_to_the_network(compose: dict[str, Any]) -> None:
    ports = {name: service.get("ports", []) for name, service in compose["services"].items()}
    open_to_all = {name for name, mapped in ports.items() for port in mapped if not port.startswith("127.0.0.1:")}
    assert open_to_all == {"mosquitto"}
    assert ports["mosquitto"] == ["8883:8883"], "no plain MQTT"


def test_compose_holds_no_secret(compose: dict[str, Any]) -> None:
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())
    ignored = (DEPLOY / ".gitignore").read_text(encoding="utf-8").split()
    assert {secret["file"].split("/")[0] + "/" for secret in compose["secrets"].values()} <= set(ignored)


def test_compose_mounts_the_broker_what_its_configuration_names(compose: dict[str, Any]) -> None:
    text = (DEPLOY / "mosquitto.conf").read_text(encoding="utf-8")
    mounted = {volume.split(":")[1] for volume in compose["services"]["mosquitto"]["volumes"]}
    named = set(re.findall(r"^(?:cafile|certfile|keyfile|crlfile|acl_file) (\S+)", text, re.M))
    assert named <= mounted
    assert re.findall(r"^persistence_location (\S+)/$", text, re.M)[0] in mounted


def test_grafana_gets_what_its_provisioning_names(compose: dict[str, Any]) -> None:
    grafana = compose["services"]["grafana"]
    files = (ROOT / "grafana/provisioning").rglob("*.yaml")
    named = {name for path in files for name in re.findall(r"(?<!\$)\$\{?(\w+)", path.read_text(encoding="utf-8"))}
    given = set(grafana["environment"]) | set(re.findall(r"\b(BYPULS_\w+)=", grafana["entrypoint"][2]))
    assert named <= given
    assert grafana["environment"]["BYPULS_DASHBOARDS"] in {v.split(":")[1] for v in grafana["volumes"]}


@pytest.mark.parametrize("name", ["ingest", "api", "alarms", "results"])
def test_compose_calls_commands_and_sets_variables_that_there_are(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    options_exist(service["command"])
    assert set(service["environment"]) <= known_variables()
    targets = {secret["target"] for secret in service["secrets"]}
    assert {target.upper() for target in targets if target.startswith("bypuls_")} <= known_variables()


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_units_call_commands_and_set_variables_that_there_are(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    [start] = re.findall(r"^ExecStart=/opt/bypuls/bin/bypuls (.*)$", text, re.M)
    options_exist(start.split())
    example = (DEPLOY / "bypuls.env.example").read_text(encoding="utf-8")
    variables = set(re.findall(r"^(BYPULS_\w+)=", example, re.M)) | set(re.findall(r"(BYPULS_\w+)=%d", text))
    assert variables <= known_variables()
    assert not re.search(r"TOKEN|PASSWORD", example), "secrets come as credentials"
    assert {name.upper() for name in re.findall(r"^LoadCredential=(bypuls_\w+):", text, re.M)} <= known_variables()


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_units_are_valid_and_locked_down(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze on this machine")
    asked = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unrecognized option" in asked.stderr:
        pytest.skip("this systemd-analyze can't look at files")
    assert asked.returncode == 0, f"exposure above 2.0:\n{asked.stdout[-3000:]}{asked.stderr}"
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", unit.read_text(encoding="utf-8"), flags=re.M))
    verified = subprocess.run([analyze, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False)
    mine = [line for line in verified.stderr.splitlines() if unit.name in line]
    assert mine == [], "unknown or wrong settings"
