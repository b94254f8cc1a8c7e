"""Other voice systems: one TOML file says how the records of one become turns."""
