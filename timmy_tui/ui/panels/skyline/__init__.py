"""A column for each turn: its stages on one scale in seconds, and what is said below them."""
