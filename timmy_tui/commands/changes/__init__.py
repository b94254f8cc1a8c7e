"""Commands that change Timmy: flags, restarts, restore points, guided tests."""
