"""Restore points: named states of the code files."""
