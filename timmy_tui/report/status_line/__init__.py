"""The status line: made, left in a file by a dashboard, or read from the end of the logs."""
