"""``timmy-tui watch``: the dashboard's work without its screen, for a service or a pipe."""

import time

import click

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.commands.shared.options import root_option, settings_option, takes
from timmy_tui.core.output import reader_is_gone, say, say_json_line


class CommandOptions(Place, frozen=True, kw_only=True):
    """How it is watched, and how that is printed."""

    as_json: bool
    no_services: bool
    for_s: float


@click.command()
@root_option
@settings_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--no-services", is_flag=True, help="Files only: send no request to Ollama, v34, STT and TTS.")
@click.option(
    "--for", "for_s", type=click.FloatRange(0.1), default=float("inf"), metavar="SECONDS", help="End after so long."
)
@takes(CommandOptions)
def watch(options: CommandOptions) -> None:
    """Record turns and findings without a screen, and print each on a line: turns, findings, changes, verdicts.

    It ends with Ctrl+C, SIGTERM or SIGHUP, or when nobody reads its lines any more. docs/watch.md has a systemd unit.
    """
    timmy = find_timmy(options)
    from timmy_tui.bootstrap.headless import Watch, WatchOptions
    from timmy_tui.report.watch.events import DatedLines, Happening

    dated = DatedLines()

    def print_line(one: Happening) -> None:
        now = time.time()
        if options.as_json:
            say_json_line(one.object(now))
        else:
            for line in dated.lines(one, now):
                say(line)

    Watch(timmy, WatchOptions(services=not options.no_services, for_s=options.for_s), print_line, reader_is_gone).run()
