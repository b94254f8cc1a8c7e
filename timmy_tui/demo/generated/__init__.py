"""Whole conversations written at once, on a virtual clock."""
