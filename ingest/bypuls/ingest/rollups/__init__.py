"""Quarter-hour bins from raw readings: pure computing (`traffic`, `quantities`) and the worker that keeps them true."""

from bypuls.ingest.rollups.worker import RollupWorker, roll_up

__all__ = ["RollupWorker", "roll_up"]
