"""Events of a profile as turns: which turn each is of, and the account of each turn."""
