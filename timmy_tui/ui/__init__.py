"""The dashboard: paints snapshots, and turns keys into requests. It parses nothing and computes no figure."""

import os

# Read once, when textual is first imported: 4 repaints a second need no 60 frames, and no figure slides.
os.environ.setdefault("TEXTUAL_FPS", "15")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
