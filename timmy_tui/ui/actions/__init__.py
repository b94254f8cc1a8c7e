"""What happens on a key."""
