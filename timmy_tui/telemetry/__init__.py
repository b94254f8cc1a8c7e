"""Turns for the systems that people run already: OpenTelemetry and Prometheus."""
