"""The two requests that make the model work: the cache probe and loading it."""
