"""Street lights: figures, learned expectation, faults of single lamps and of cabinets by their meters."""
