"""Targets: where the accounts stand against them, what measures save, and what a scenario makes of both."""
