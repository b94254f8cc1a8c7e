"""The account of a turn: its stages and gaps, and which of its figures are no measurement."""
