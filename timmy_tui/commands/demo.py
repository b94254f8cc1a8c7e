"""``timmy-tui demo``."""

import click

from timmy_tui.commands.dashboard import refuse_without_terminal
from timmy_tui.core.settings import Settings
from timmy_tui.demo.scenarios import SCENARIOS


@click.command()
@click.option(
    "--speed", type=click.FloatRange(0.1, 100), default=1.0, help="Shortens pauses and speech, not the stages."
)
@click.option("--seed", type=int, default=0, help="The same seed gives the same conversation.")
@click.option(
    "--scenario",
    type=click.Choice(list(SCENARIOS)),
    default="steady",
    help="\b\n" + "\n".join(f"{name}: {scenario.summary}" for name, scenario in SCENARIOS.items()),
)
@click.option("--quiet-after", type=click.IntRange(0), default=0, help="Say nothing after this many turns; 0: never.")
@click.option("--ollama-version", default="0.12.11", help="The Ollama version that the stand-in imitates.")
def demo(speed: float, seed: int, scenario: str, quiet_after: int, ollama_version: str) -> None:
    """Open the dashboard on a stand-in Timmy: real processes, logs and HTTP, nothing to install or configure."""
    refuse_without_terminal()
    from msgspec.structs import replace

    from timmy_tui.bootstrap.dashboard import open_live
    from timmy_tui.bootstrap.startup import DashboardOptions
    from timmy_tui.demo.run import Demo, DemoOptions
    from timmy_tui.sources.timmy import timmy_at

    options = DemoOptions(scenario, speed, seed, ollama_version, quiet_after=quiet_after)
    with Demo(options) as stand_in:
        assert stand_in.root is not None
        settings = Settings()
        settings = replace(
            settings, paths=replace(settings.paths, root=str(stand_in.root), ollama_log=str(stand_in.ollama_log))
        )
        timmy = timmy_at(stand_in.root, settings, stand_in.root / "demo" / "state")
        open_live(timmy, DashboardOptions(record=False, settings_fixed=True))
