"""What ``timmy-tui watch`` says, and what of it was said before."""
