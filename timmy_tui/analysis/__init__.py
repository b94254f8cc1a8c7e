"""Pure: turns or a frame in, findings out."""
