"""``timmy-tui export --otlp``: turns of the history for the collector of the settings."""

from timmy_tui.bootstrap.startup import find_timmy
from timmy_tui.bootstrap.wiring import told_turns
from timmy_tui.commands.shared.options import LogOptions
from timmy_tui.core.errors import CollectorError
from timmy_tui.core.foreign.addresses import mask_url
from timmy_tui.core.output import say
from timmy_tui.report.export_formats import MachineTurns


def send_to_collector(options: LogOptions, machine: MachineTurns) -> None:
    """Send what the collector has not got, and say how much that was. Raises CollectorError where not all was taken."""
    from timmy_tui.telemetry.catch_up import send_turns
    from timmy_tui.telemetry.otlp import DISABLED, MISSING, OtlpOptions, is_disabled, is_installed

    if not is_installed():
        raise CollectorError(f"{MISSING}.")
    if is_disabled():
        raise CollectorError(f"{DISABLED} is set: nothing is sent.")
    timmy = find_timmy(options)
    otel = timmy.settings.otel
    told = told_turns(timmy, "otel")
    if not told.hold():
        told.look()  # A dashboard or ``watch`` sends the new ones meanwhile.
    if told.problem:
        say(f"timmy-tui: {told.problem}", err=True)
    try:
        turns = [turn for turn in machine.turns if machine.since is None or (turn.started or 0.0) >= machine.since]
        wanted = OtlpOptions(otel.endpoint, text=otel.text)
        sent = send_turns(turns, lambda: machine.reuse, told, timmy.key, wanted)
    finally:
        told.release()
    words = f"{mask_url(otel.endpoint)}: {sent.sentence}"
    if not sent.is_whole:
        raise CollectorError(f"{words}.", "timmy-tui export --otlp sends the others when the collector takes them.")
    say(words)
