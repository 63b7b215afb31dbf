"""Energy of buildings: normal years, signatures, measured savings and the figures of a building. Daily columns; what
is missing is NaN and stays unknown."""
