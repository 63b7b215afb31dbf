"""Speed reports: observations and settings in, one `SpeedReport` out; `render/` turns it into files."""
