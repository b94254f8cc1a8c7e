"""Small faults put into the core one at a time, and whether a test notices each."""
