"""Errors, settings, and how values and foreign text are written. Every room may use it."""
