"""Lighting reports on paper."""
