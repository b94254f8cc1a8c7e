"""A simulated Little Timmy for the demo and the tests: stand-ins for Ollama, v34, STT and TTS."""
