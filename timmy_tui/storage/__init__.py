"""What is stored beyond logs and restarts: turns, marks, findings, verdicts, and the open guided test."""
