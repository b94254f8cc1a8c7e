"""Parsers: whole lines in, events or facts out; a line that cannot be read is counted by its reason."""
