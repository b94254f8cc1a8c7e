"""The data types of the project: frozen values without logic, which every other package may import.

A value that is not known is ``None``, never zero. Times of day are seconds since 1970-01-01 UTC, on the clock of the
process that wrote the line; durations are milliseconds.
"""
