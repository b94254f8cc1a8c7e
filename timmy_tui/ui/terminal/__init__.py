"""The terminal: clipboard, mouse, bell, signals."""
