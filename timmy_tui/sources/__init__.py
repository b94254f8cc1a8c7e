"""Where lines and facts come from: files followed through every fault, saved logs, services."""
