"""Reads every sensor once, at the same time, and says in plain words what came of it."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bypuls.edge.config import Broker, Config, Sensor
from bypuls.edge.driver import DriverError, Timed
from bypuls.edge.link import tls_context
from bypuls.edge.sensors import MakeDriver


@dataclass(slots=True)
class Finding:
    """What a check found: `ok` None while it is not known."""

    name: str
    driver: str
    wired: str = "?"
    ok: bool | None = None
    said: str = ""
    done: threading.Event = field(default_factory=threading.Event)


def check_sensors(config: Config, make: MakeDriver, timeout_s: float) -> list[Finding]:
    """One reading of each sensor within `timeout_s` [s]. A driver that runs but has nothing to tell is well."""
    findings = [Finding(sensor.id, sensor.driver) for sensor in config.sensors]
    for sensor, finding in zip(config.sensors, findings, strict=True):
        threading.Thread(target=_read_once, args=(sensor, make, finding, timeout_s), daemon=True).start()
    ends = time.monotonic() + timeout_s
    for finding in findings:
        finding.done.wait(max(0.0, ends - time.monotonic()) + 0.5)
        if finding.ok is None:
            finding.ok, finding.said = False, f"no reading and no error within {timeout_s:g} s"
    return findings


def _read_once(sensor: Sensor, make: MakeDriver, finding: Finding, timeout_s: float) -> None:
    ends = time.monotonic() + timeout_s
    try:
        driver = make(sensor)
        finding.wired = driver.describe()
        try:
            for item in driver.readings():
                if item is not None:
                    reading = item.reading if isinstance(item, Timed) else item
                    finding.said = ", ".join(f"{name} {value}" for name, value in reading.values().items())
                    break
                if time.monotonic() >= ends:
                    finding.said = f"open, and nothing to tell within {timeout_s:g} s"
                    break
            finding.ok = bool(finding.said)
            finding.said = finding.said or "the driver ended without a reading"
        finally:
            driver.close()
    except DriverError as error:
        finding.ok, finding.said = False, f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 — told to the operator, which is all that a check is for
        finding.ok, finding.said = False, f"fault in the driver: {type(error).__name__}: {error}"
    finally:
        finding.done.set()


def check_broker(broker: Broker) -> Finding:
    """Whether the TLS files can be used. Does not connect: the broker may be out of reach where a Pi is set up."""
    finding = Finding("broker", "mqtt", f"{broker.host}:{broker.port}, {'TLS' if broker.tls.enabled else 'no TLS'}")
    try:
        tls_context(broker)
        finding.ok, finding.said = True, "settings can be used"
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(f) for f in (broker.tls.ca_file, broker.tls.cert_file, broker.tls.key_file) if f)
        finding.ok, finding.said = False, f"TLS files {files}: {error}"
    return finding


def table(findings: Sequence[Finding]) -> str:
    """The findings as aligned lines."""
    rows = [("sensor", "driver", "wired", "", "says")]
    rows += [(f.name, f.driver, f.wired, "ok" if f.ok else "FAILS", f.said) for f in findings]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join([*(text.ljust(width) for text, width in zip(row[:4], widths, strict=True)), row[4]]).rstrip()
        for row in rows
    )
