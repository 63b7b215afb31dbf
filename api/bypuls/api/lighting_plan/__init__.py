"""Plans for street lights: what other luminaires and another dimming profile would save over the register."""
