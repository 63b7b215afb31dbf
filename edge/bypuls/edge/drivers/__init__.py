"""One module per sensor: a pure decoder of what the hardware says, and a driver that does the reading around it.

Adding a sensor: docs/guides/drivers.md.
"""
