"""A stand-in Timmy for the demo and the tests: Ollama, v34, STT and TTS."""
