"""The application: its parts, one module each."""
