"""Results of the platform itself: what came in, what was refused, what is missing, what waits, who is silent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from bypuls.api.alarms.engine import LEASE
from bypuls.api.latest import Latest, latest_of
from bypuls.api.results.scene import Scene
from bypuls.store.book import Alarm, AlarmFilter, DeadLetter
from bypuls.store.registry import Sensor
from bypuls.store.results import NOW_US, Result, known_results
from bypuls.wire import Health

EVERY_S = 300.0
LEDGER_HOURS = 48
"""Hours that are laid down again and again: an hour's line grows while it runs, and a new process catches up."""
_HOUR_US = 3_600_000_000
_MOST_LETTERS = 10_000
_LEDGER = ("received", "stored", "duplicate", "refused")

# What is counted as one: a rule of alerts asks for each.
COUNTED: Mapping[str, tuple[str, ...]] = {
    "alarms_silence": ("nothing-arrives", "device-offline", "sensor-silent", "meter-silent", "radar-silent"),
    "alarms_outbox": ("outbox-growing",),
    "alarms_letters": ("dead-letters-growing",),
    "alarms_lamps": (
        "feeder-out",
        "lamp-out",
        "lamps-out",
        "lamp-day-burner",
        "lamps-day-burning",
        "cabinet-voltage",
        "lamp-fault",
        "cabinet-fault",
    ),
    "alarms_night_use": ("night-use",),
}


def platform(scene: Scene) -> int:
    """The platform now, as one more point of its series; devices with their ledgers, and what they sent by the hour."""
    newest = latest_of(scene.store, _probes(scene), scene.now)
    heard = [one for one in newest if one.sensor.id in scene.directory.sensors]
    devices = _devices(scene, newest)
    written = scene.replace("device", devices)
    point = _point(scene, heard, devices)
    at_us = scene.now_us - scene.now_us % 60_000_000
    if point is not None:
        made = Result("platform", {}, at_us, point.numbers)
        scene.board.replace_results("platform", [made], start_us=at_us, end_us=at_us + 1)
        written += 1
    return written + _ledger(scene)


def _probes(scene: Scene) -> list[Sensor]:
    """Every sensor, and each device's health where it isn't registered as one."""
    listed = list(scene.directory.sensors.values())
    return listed + [
        Sensor(id=device, device=device, kind="health", name=device)
        for device in scene.directory.devices
        if device not in scene.directory.sensors
    ]


def _point(scene: Scene, heard: Sequence[Latest], devices: Sequence[Result]) -> Result | None:
    ages = [one.age_s for one in heard if one.age_s is not None]
    off = [one.numbers["off_track"] for one in scene.board.results("target") if "off_track" in one.numbers]
    outboxes = [one.numbers[name] for one in devices for name in ("outbox_rows",) if name in one.numbers]
    oldest = [one.numbers["outbox_oldest_s"] for one in devices if "outbox_oldest_s" in one.numbers]
    return Result.of(
        "platform", {}, scene.now_us,
        newest_reading_age_s=min(ages) if ages else None, sensors=len(heard),
        sensors_silent=sum(one.state != "current" for one in heard),
        dead_letters=scene.book.waiting_letters(), dirty_marks=scene.book.dirty_marks(),
        missing=sum(one.numbers.get("missing", 0.0) for one in devices),
        outbox_rows=sum(outboxes) if outboxes else None, outbox_oldest_s=max(oldest) if oldest else None,
        **alarm_counts(scene), targets_off_track=sum(off) if off else None,
    )  # fmt: skip


def alarm_counts(scene: Scene) -> dict[str, float | None]:
    """How many alarms are open, together and by what a rule of alerts asks for; None while nobody looks after them."""
    names = ("alarms_open", *COUNTED)
    held_until = scene.alarms.lease_until(LEASE)
    if held_until is None or held_until < scene.now_us:
        return dict.fromkeys(names)
    _, living = scene.alarms.listed(AlarmFilter(("open", "acknowledged")))
    # One that is shown under another isn't counted beside it.
    kinds = Counter(one.kind for one in living if one.part_of is None)
    found: dict[str, float | None] = {"alarms_open": float(_open(living))}
    for name, counted in COUNTED.items():
        found[name] = float(sum(kinds[kind] for kind in counted))
    return found


def _open(living: Sequence[Alarm]) -> int:
    return sum(one.state == "open" and one.part_of is None for one in living)


def _devices(scene: Scene, newest: Sequence[Latest]) -> list[Result]:
    """Each device's ledger, dead letters and outbox. What it said of its outbox counts while it is heard."""
    health = {one.sensor.device: one.current for one in newest if one.sensor.kind == "health"}
    ledgers: dict[str, Counter[str]] = defaultdict(Counter)
    seen: dict[str, int] = {}
    for line in scene.book.epochs():
        of = ledgers[line.device]
        for name in (*_LEDGER, "missing"):
            of[name] += getattr(line, name)
        of["epochs"] += 1
        seen[line.device] = max(seen.get(line.device, 0), line.last_seen_us)
    letters: dict[str, list[DeadLetter]] = defaultdict(list)
    for letter in scene.book.dead_letters(newest=_MOST_LETTERS):
        letters[letter.device].append(letter)
    made = []
    for device in sorted({*scene.directory.devices, *ledgers, *(one for one in letters if _is_tag(one))}):
        row, said = scene.directory.devices.get(device), health.get(device)
        told = said if isinstance(said, Health) else None
        of = ledgers[device]
        made.append(
            Result.of(
                "device", {"device": device}, NOW_US,
                **{name: float(of[name]) for name in (*_LEDGER, "missing", "epochs") if of},
                last_seen_s=seen[device] / 1e6 if device in seen else None, dead_letters=float(len(letters[device])),
                outbox_rows=told.outbox_rows if told is not None else None,
                outbox_oldest_s=told.outbox_oldest_s if told is not None else None,
                name=row.name if row is not None else device,
                dead_letter=letters[device][0].reason if letters[device] else None,
            )
        )  # fmt: skip
    return known_results(made)


def _is_tag(device: str) -> bool:
    """Whether a sender's name can stand in a tag: those of dead letters are what strangers wrote."""
    return bool(device) and device.isprintable() and "\\" not in device


def _ledger(scene: Scene) -> int:
    """What was taken over by the hour: of the last hours, and of all where none is there yet."""
    now_us = scene.now_us
    start_us = now_us - now_us % _HOUR_US - LEDGER_HOURS * _HOUR_US
    if not scene.board.results("ledger", start_us=start_us - 30 * 24 * _HOUR_US, end_us=now_us + 1):
        start_us = 0
    sums: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for line in scene.book.hours(start_us=start_us, end_us=now_us + 1):
        for name in _LEDGER:
            sums[line.device, line.hour_us][name] += getattr(line, name)
    results = known_results(
        Result.of("ledger", {"device": device}, hour_us, **{name: float(of[name]) for name in _LEDGER})
        for (device, hour_us), of in sums.items()
    )
    scene.board.replace_results("ledger", results, start_us=start_us, end_us=now_us + _HOUR_US)
    return len(results)
