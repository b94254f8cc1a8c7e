"""The numbered screens and the dialogs."""
