"""The log screen's lines: events and figures as columns, the page of them that is shown, its heading."""
