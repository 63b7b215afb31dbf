"""Reports of street lighting from files: a cabinet's power series, without a platform."""
