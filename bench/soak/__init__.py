"""``make soak``: the real dashboard in a process of its own, for minutes to hours, while everything goes wrong at once.

See bench/README.md.
"""
