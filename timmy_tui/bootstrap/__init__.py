"""Makes the parts of a dashboard and connects them; most of it after the first frame, in other threads."""
