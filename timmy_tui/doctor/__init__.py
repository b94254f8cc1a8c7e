"""Checks files, services, versions and flags. Nothing is changed."""
