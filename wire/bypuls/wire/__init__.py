"""The contract: what a reading is, and how readings, receipts, status and commands travel over MQTT.

Standard library only. Every other room knows this one; it knows nobody.
"""

from bypuls.wire.batches import MAX_BATCH_BYTES, MAX_READINGS, Batch, RefusedReading, assemble_batch, decode_batch
from bypuls.wire.codec import decode_reading, encode_reading
from bypuls.wire.errors import BadField, Undecodable, UnknownVersion, WireError
from bypuls.wire.kinds import KINDS, Cabinet, Health, Lamp, Meter, Passage, Reading, TrafficBin, Weather
from bypuls.wire.messages import Identify, Receipt, Refusal, SendAgain, Status
from bypuls.wire.times import format_time, from_us, parse_time, to_us

__all__ = [
    "KINDS",
    "MAX_BATCH_BYTES",
    "MAX_READINGS",
    "BadField",
    "Batch",
    "Cabinet",
    "Health",
    "Identify",
    "Lamp",
    "Meter",
    "Passage",
    "Reading",
    "Receipt",
    "Refusal",
    "RefusedReading",
    "SendAgain",
    "Status",
    "TrafficBin",
    "Undecodable",
    "UnknownVersion",
    "Weather",
    "WireError",
    "assemble_batch",
    "decode_batch",
    "decode_reading",
    "encode_reading",
    "format_time",
    "from_us",
    "parse_time",
    "to_us",
]
