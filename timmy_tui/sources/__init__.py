"""Where data comes from: followed log files, saved logs, and services over HTTP."""
