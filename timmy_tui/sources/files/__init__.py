"""Follows log files through rotation, truncation, rewriting and deletion."""
