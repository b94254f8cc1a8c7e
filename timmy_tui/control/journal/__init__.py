"""What was changed, written down before it is done; one change at a time on the machine."""
