"""What runs on the Raspberry Pi: drivers, clock guard, outbox and publisher. Knows the contract (`bypuls.wire`) alone."""
