"""The stand-in's Ollama: engine, prompt cache, HTTP, log."""
