"""Level changes as they happen, and why one turn was slow."""
