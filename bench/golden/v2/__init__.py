"""little_timmy_v2's log and journal, from its own format strings, which are read from a checkout of its source."""
