"""The screens: which panels, lists and keys belong together."""
