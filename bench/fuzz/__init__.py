"""``make fuzz``: inputs that nobody wrote, and what must hold of each whatever it is. See bench/README.md."""
