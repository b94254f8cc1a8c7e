"""The errors that a user can meet: each says what happened, and what to do about it."""


class TimmyError(Exception):
    """Root of every error that is shown to the user instead of a traceback."""

    title = "Something went wrong"

    def __init__(self, message: str, way_out: str = "") -> None:
        """``message`` is one sentence; ``way_out`` is what the user can do, or empty."""
        super().__init__(message)
        self.message = message
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.title}: {self.message}" + (f"\n{self.way_out}" if self.way_out else "")


class SettingsError(TimmyError):
    """A settings file that cannot be used as it stands."""

    title = "Settings"


class NotFound(TimmyError):
    """No Timmy, file, turn or name where one was asked for."""

    title = "Not found"


class SourceError(TimmyError):
    """A file or service that cannot be read."""

    title = "Source"


class ThemeError(TimmyError):
    """A theme file that cannot be used."""

    title = "Theme"


class ControlError(TimmyError):
    """A change that was refused or did not work; nothing is half done unless the message says so."""

    title = "Change"


class HistoryError(TimmyError):
    """The database of past turns cannot be used."""

    title = "History"
