"""What another voice system's records come from, where that is not a growing file."""
