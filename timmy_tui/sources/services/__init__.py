"""Data of the services: requested over HTTP, or read from their logs."""
