"""The faces without a screen: text, JSON, CSV, the status line."""
