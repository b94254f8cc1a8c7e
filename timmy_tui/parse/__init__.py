"""One line in, one event or a counted Unparsed out."""
