"""One reading of each kind and one of each message, as the schemas and the reference show them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bypuls.wire.batches import assemble_batch
from bypuls.wire.codec import encode_reading
from bypuls.wire.kinds import Cabinet, Health, Lamp, Meter, Passage, Reading, TrafficBin, Weather
from bypuls.wire.messages import Identify, Receipt, Refusal, SendAgain, Status
from bypuls.wire.times import parse_time

_DEVICE = "pi-0042"
_EPOCH = "7c9e6679a1b04d3f"
_T = parse_time("t", "2026-11-23T08:15:01.412903Z")
_QUARTER = parse_time("t", "2026-11-23T08:15:00Z")

READINGS: Mapping[str, Reading] = MappingProxyType(
    {
        reading.kind: reading
        for reading in (
            Lamp(
                sensor="maalov-lamp-17",
                t=_T,
                on=True,
                level_pct=60.0,
                power_w=23.4,
                energy_wh=184_220.0,
                voltage_v=231.2,
                faults=("powerFactorTooLow",),
            ),
            Passage(
                sensor="maalov-hovedgade-n", t=_T, speed_kmh=43.7, raw_kmh=42.2, direction="toward", magnitude=1830.0
            ),
            TrafficBin(
                sensor="byvej-12",
                t=_QUARTER,
                period_s=900,
                direction="away",
                vehicle_class="car",
                upper_edges_kmh=(30.0, 40.0, 50.0, 60.0),
                counts=(2.0, 31.0, 58.5, 9.0, 1.0),
                resolution_kmh=10.0,
                open_top=True,
                uptime=0.93,
            ),
            Meter(
                sensor="skole-1-main",
                t=_T,
                medium="electricity",
                import_wh=91_204_330.0,
                power_w=18_250.0,
                voltage_v=(230.1, 229.8, 231.0),
                current_a=(27.2, 25.9, 26.4),
                power_factor=0.97,
                serial="21984417",
            ),
            Cabinet(sensor="cabinet-3", t=_T, door_open=False, contactor_on=True, leakage_ma=4.2, faults=()),
            Weather(sensor="town-hall-roof", t=_T, temp_c=3.4, ambient_lux=5200.0, irradiance_wm2=41.0),
            Health(
                sensor=_DEVICE,
                t=_T,
                uptime_s=861_233.0,
                clock_offset_ms=0.8,
                clock_synced=True,
                outbox_rows=12,
                outbox_oldest_s=1.4,
                dropped=0,
                disk_free_mb=22_140.0,
                cpu_temp_c=47.2,
                failing=("skole-1-heat",),
                version="0.1.0",
            ),
        )
    }
)

BATCH = assemble_batch(
    _DEVICE,
    _EPOCH,
    1812,
    parse_time("sent", "2026-11-23T08:15:02.120Z"),
    [encode_reading(READINGS["passage"]), encode_reading(READINGS["lamp"])],
)

MESSAGES: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "batch": (BATCH,),
        "receipt": (
            Receipt(
                _EPOCH,
                ((1812, 1849), (1851, 1911)),
                (Refusal(1850, "speed_kmh: 1043.7 — expected a number within 0…400 km/h"),),
            ).encode(),
        ),
        "status": (
            Status(_DEVICE, online=True, epoch=_EPOCH, t=_T, version="0.1.0").encode(),
            Status(_DEVICE, online=False).encode(),
        ),
        "command": (
            Identify().encode(),
            SendAgain(epoch=_EPOCH, first=1812, last=1911).encode(),
            SendAgain(since=_QUARTER).encode(),
        ),
    }
)
