"""One change from plan to end: planned, written, restarted, verified, kept or rolled back."""
