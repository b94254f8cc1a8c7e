"""Charts over turns and over time, and what stands beside them."""
