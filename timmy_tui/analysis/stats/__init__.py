"""What detector and comparison both stand on: percentiles, workload, epochs, session noise."""
