"""A saved log, played at the pace at which it was written, or faster."""
