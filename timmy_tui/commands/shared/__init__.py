"""What stands around every command, and what several of them take."""
