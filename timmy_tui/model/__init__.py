"""The words of the project: plain, frozen values that every room may use.

Nothing here computes. A value that is not known is ``None``, never zero.
Times of day are seconds since the epoch on the writer's clock; durations are milliseconds.
"""
