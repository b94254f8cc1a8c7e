"""The subcommands of ``timmy-tui``; each module is imported when its command runs."""
