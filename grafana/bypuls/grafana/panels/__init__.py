"""Panels by topic. Each function takes the translation as `_` and gives one panel."""
