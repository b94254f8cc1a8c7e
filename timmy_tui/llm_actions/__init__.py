"""The two actions that use the model: the probe of its prompt cache, and loading it."""
