"""What outlives logs and restarts: turns, marks, findings, verdicts, the open trial."""
