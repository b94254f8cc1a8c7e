"""How long this machine takes to read a prompt: what is known of it, and what fits that."""
