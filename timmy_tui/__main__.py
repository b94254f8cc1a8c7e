"""``python -m timmy_tui``."""

from timmy_tui.cli import main

if __name__ == "__main__":
    main()
