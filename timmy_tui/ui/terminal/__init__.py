"""The terminal's own matters: clipboard, mouse, bell, signals."""
