"""A source's lines as records, their stamps, and which event each record is."""
