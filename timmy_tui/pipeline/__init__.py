"""Where the stages meet: lines in, snapshots out, in a thread of its own."""
