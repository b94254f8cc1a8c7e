"""Errors that are shown to the user: each says what happened and what to do about it."""


class TimmyError(Exception):
    """Base class of every error that is shown to the user instead of a traceback."""

    title = "Something went wrong"

    def __init__(self, message: str, hint: str = "") -> None:
        """``message`` is one sentence; ``hint`` says what the user can do, or is empty."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.title}: {self.message}" + (f"\n{self.hint}" if self.hint else "")


class ProgramFault(Exception):
    """A fault of the program that ended the dashboard; its cause is what was raised there, of whatever class."""


class SettingsError(TimmyError):
    """The settings file is not valid or not safe to use."""

    title = "Settings"


class NotFound(TimmyError):
    """The requested installation, file, turn or name does not exist."""

    title = "Not found"


class SourceError(TimmyError):
    """A file or service cannot be read."""

    title = "Source"


class CollectorError(TimmyError):
    """A collector of OpenTelemetry did not take turns."""

    title = "Collector"


class ThemeError(TimmyError):
    """A theme file is not valid."""

    title = "Theme"


class ControlError(TimmyError):
    """A change was refused or failed. Nothing is left half done, unless the message says so."""

    title = "Change"


class HistoryError(TimmyError):
    """The database of past turns cannot be used."""

    title = "History"


class ParquetError(TimmyError):
    """A Parquet file or folder cannot be written or read."""

    title = "Parquet"


class OutputError(TimmyError):
    """Turns cannot be written where they are wanted."""

    title = "Export"
