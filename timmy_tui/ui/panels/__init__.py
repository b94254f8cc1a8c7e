"""Panels: pure functions from a view and a size to lines."""
