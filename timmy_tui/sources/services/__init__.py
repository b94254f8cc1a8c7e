"""What the services say of themselves, asked over HTTP or read from their logs."""
