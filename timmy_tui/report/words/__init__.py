"""Words that the screen and the reports share."""
