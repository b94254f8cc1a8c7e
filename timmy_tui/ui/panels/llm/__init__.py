"""The language model: prompt cache, context window, requests, the guide's criteria."""
