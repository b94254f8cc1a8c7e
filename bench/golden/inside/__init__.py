"""Scripts that run in another system's own virtual environment. Nothing here is imported by this project."""
