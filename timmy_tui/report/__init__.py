"""What is written without a screen: text, JSON, CSV, Parquet, the status line."""
