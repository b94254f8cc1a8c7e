"""Errors, settings, the installation on disk, and formatting. Every other package may import it."""
