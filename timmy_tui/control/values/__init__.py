"""Switches that a system keeps as values of one JSON file, and looks up there: changed without a restart."""
