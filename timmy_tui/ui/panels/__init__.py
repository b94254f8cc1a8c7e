"""Pieces of a screen."""
