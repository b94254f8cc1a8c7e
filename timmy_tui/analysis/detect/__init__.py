"""Level changes as they happen, and why one turn was slow; how it is computed is in STATISTICS.md."""
