"""Flags: what one is, the table of v34's, the switches of other systems, and words for all."""
