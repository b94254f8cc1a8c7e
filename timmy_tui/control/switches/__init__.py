"""Switches of another system, in a JSON file, as flags that are flipped, verified and undone."""
