"""What a call and the settings say about the system to watch and its log."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from timmy_tui.core.errors import TimmyError

OPTION = "--profile"
SOURCE_OPTION = "--source"


def without_options(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The call without the options that choose the system, and these. Raises TimmyError for one without a value."""
    rest: list[str] = []
    found: dict[str, str] = {}
    remaining = iter(arguments)
    for argument in remaining:
        name, equals, value = argument.partition("=")
        if name in (OPTION, SOURCE_OPTION):
            found[name] = value if equals else next(remaining, "")
            if not found[name]:
                raise TimmyError(f"{name} needs a value.")
        else:
            rest.append(argument)
            if argument == "--":
                rest.extend(remaining)
    return rest, found


def named_logs(arguments: Sequence[str]) -> Iterator[Path]:
    """Files that the call reads instead of the logs in Timmy's folder."""
    remaining = iter(arguments)
    replayed = next((one for one in arguments if not one.startswith("-")), "") == "replay"
    for argument in remaining:
        name, equals, value = argument.partition("=")
        if name == "--log":
            yield Path(value if equals else next(remaining, ""))
        elif replayed and not argument.startswith("-") and argument != "replay":
            yield Path(argument)


def of_settings(arguments: Sequence[str]) -> tuple[str, str]:
    """Profile and source of the settings file; empty where it names none, or is not valid, which is said later."""
    from timmy_tui.core.settings import config_dir, load_settings

    remaining = iter(arguments)
    given = next(
        (value if equals else next(remaining, "") for argument in remaining
         for name, equals, value in [argument.partition("=")] if name == "--settings"),
        "",
    )  # fmt: skip
    path = Path(given) if given else config_dir() / "settings.toml"
    try:
        if b"[system]" not in path.read_bytes():
            return "", ""
        system = load_settings(path).system
    except (OSError, TimmyError):
        return "", ""
    return system.profile, system.source
