"""What a screen shows, as a file: turns as CSV, a chart as text, picture or figures."""
