"""The stand-in's v34: one process, as v34's own code does it."""
