"""One file followed through rotation, truncation, rewriting and absence."""
