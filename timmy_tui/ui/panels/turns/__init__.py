"""The table of turns, and one turn in full or as a postcard."""
