"""The registry's migrations; every later table of the same database adds a revision in `versions`."""
