"""Sets of turns against each other: before and after a change, there and back again, any two selections."""
