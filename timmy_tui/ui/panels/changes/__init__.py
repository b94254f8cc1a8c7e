"""Screen 5: flags, the running change, its verdict stage by stage, restore points, the journal."""
