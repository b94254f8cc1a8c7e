"""Safe changes to the monitored system: edit one literal, restart, verify, keep or roll back."""
