"""Facts of v34's debug log, and the turns that they are of."""
