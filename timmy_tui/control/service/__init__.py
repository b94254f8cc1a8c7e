"""The running v34: who serves it, how it is restarted, how it comes back, why it died."""
