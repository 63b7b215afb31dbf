"""The dashboards: which panels each holds, its variables, and where it leads to."""
