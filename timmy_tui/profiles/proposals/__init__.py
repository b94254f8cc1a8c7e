"""First drafts of profiles, from logs that nobody has described yet."""
