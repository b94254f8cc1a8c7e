"""Values to glyphs: pure functions, tested apart from any screen."""
