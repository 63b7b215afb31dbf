"""Street lights: what each lamp is doing, what is wrong, what it used, and what a crew should look at first."""
