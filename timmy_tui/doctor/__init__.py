"""Checks of files, services, versions and flags; changes nothing."""
