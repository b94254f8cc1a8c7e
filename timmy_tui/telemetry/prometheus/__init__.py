"""Figures for a Prometheus on this machine: the page, its text, and who fills it."""
