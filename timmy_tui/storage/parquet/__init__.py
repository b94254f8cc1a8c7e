"""Turns in Parquet files: a folder of days, written in one step, read back machine by machine."""
