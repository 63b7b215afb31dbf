"""Energy reports from files: the signature of a building, its saving, its degree days, and what its data are worth."""
