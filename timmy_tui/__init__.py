"""timmy_tui: a terminal dashboard for the latency of the voice assistant Little Timmy."""

__version__ = "0.1.0"
