"""What others wrote: texts, numbers, TOML, Python, patterns and addresses, each read in one place."""
