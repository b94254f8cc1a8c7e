"""Screen 6, the log: what it shows, what it reads, and its tasks."""
