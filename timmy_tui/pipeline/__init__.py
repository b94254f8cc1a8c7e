"""The pipeline: lines of the sources become snapshots, in a thread of its own."""
