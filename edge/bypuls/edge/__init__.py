"""What runs on the Raspberry Pi: drivers, clock guard, outbox, publisher. Knows `bypuls.wire` alone."""
