"""The dashboard in a terminal: first frame, keys, bytes, CPU, memory, pictures; beside other programs."""
