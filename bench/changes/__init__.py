"""Changes of Timmy's flags: their cost, and what a kill leaves."""
