"""Editing one literal of a Python file, as one step or not at all."""
