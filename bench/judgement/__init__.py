"""Labelled turns, detectors and recipes, and the scorer that sets them beside each other."""
