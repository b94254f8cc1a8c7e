"""Stages: what one is, v34's table of them, and the table of the system that is watched."""
