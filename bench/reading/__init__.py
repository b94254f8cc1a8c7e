"""Reading logs: speed, memory, rotations, shapes of lines."""
