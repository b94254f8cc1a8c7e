"""The voice side of the demo: microphone, STT and TTS, a user who speaks."""
