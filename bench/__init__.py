"""Measurements, as ratios beside peers in one run: the machines are shared, and milliseconds drift by 1.6×."""
