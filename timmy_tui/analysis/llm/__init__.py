"""The language model: prompt reuse, context window, the guide's criteria."""
