"""Puts a dashboard together from the rooms: behind the first frame, in threads of their own."""
