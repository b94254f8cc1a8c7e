"""The flags: which there are, what the file says, what runs, what the turns prove."""
