"""Styled lines, glyphs, themes and phrases that the panels share."""
