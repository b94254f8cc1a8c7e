"""The stand-in for v34, Little Timmy's preprocessor."""
