"""Commands that set up this machine: settings, tmux, completion."""
