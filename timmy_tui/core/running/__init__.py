"""This process while it runs: its threads, its failures, its sleeps, its crash."""
