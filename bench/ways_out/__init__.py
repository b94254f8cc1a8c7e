"""Turns for other systems: what telling them costs, and whether all arrive."""
