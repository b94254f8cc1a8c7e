"""Upstream's own code against the demo and the report."""
