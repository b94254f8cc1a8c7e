"""The table of subcommands; each is imported only when it runs."""

import importlib

COMMANDS: dict[str, tuple[str, str]] = {
    "dashboard": ("timmy_tui.commands.dashboard:dashboard", "Open the dashboard (the default)."),
    "profile": ("timmy_tui.commands.profile:profile", "Other voice systems: list profiles, check one, draft one."),
    "demo": ("timmy_tui.commands.demo:demo", "Open the dashboard on a stand-in Timmy."),
    "watch": ("timmy_tui.commands.watch:watch", "Record and print without a screen: for a service or a pipe."),
    "replay": ("timmy_tui.commands.dashboard:replay", "Play saved logs through the dashboard."),
    "serve": ("timmy_tui.commands.serve:serve", "Show the dashboard, read-only, in a browser on this machine."),
    "report": ("timmy_tui.commands.report:report", "Print turns, ledger and percentiles: text, JSON or CSV."),
    "export": ("timmy_tui.commands.export:export", "Write every turn to Parquet, CSV or JSON lines."),
    "status": ("timmy_tui.commands.status:status", "One line for tmux's status-right."),
    "screenshot": ("timmy_tui.commands.screenshot:screenshot", "Write a picture of the dashboard as SVG."),
    "doctor": ("timmy_tui.commands.llm:doctor", "Check files, services, versions and flags; changes nothing."),
    "criteria": ("timmy_tui.commands.criteria:criteria", "The KV cache guide's criteria with their values now."),
    "probe": ("timmy_tui.commands.llm:probe", "Ask Ollama seven questions that show whether its cache works."),
    "warm": ("timmy_tui.commands.llm:warm", "Load the model as v34 would, before the first turn needs it."),
    "flags": (
        "timmy_tui.commands.changes.control:flags",
        "Show every flag: in the file, running, and what overrides it.",
    ),
    "flip": ("timmy_tui.commands.changes.change:flip", "Change a flag, restart v34, verify, keep or roll back."),
    "restart": ("timmy_tui.commands.changes.change:restart", "Restart v34 and check that it serves."),
    "undo": ("timmy_tui.commands.changes.change:undo", "Undo the last change, byte for byte."),
    "keep": ("timmy_tui.commands.changes.change:keep", "Keep an interrupted change as it is."),
    "journal": ("timmy_tui.commands.changes.change:journal", "List the changes, and how each ended."),
    "restore-points": (
        "timmy_tui.commands.changes.control:restore_points",
        "Create, list, show and restore code states.",
    ),
    "regressions": ("timmy_tui.commands.judgement:regressions", "List the level changes found in a log."),
    "compare": ("timmy_tui.commands.judgement:compare", "Compare two selections of turns, stage by stage."),
    "explain": ("timmy_tui.commands.judgement:explain", "Say in one sentence why a turn was slow."),
    "trial": ("timmy_tui.commands.changes.trial:trial", "A guided test of a flag, or the guide's two, step by step."),
    "mark": ("timmy_tui.commands.history:mark", "Mark a turn good or bad."),
    "config": ("timmy_tui.commands.setup.config:config", "Settings: path, show, edit, check."),
    "tmux-setup": ("timmy_tui.commands.setup.tmux_setup:tmux_setup", "Print the lines for tmux.conf, for this tmux."),
    "completion": (
        "timmy_tui.commands.setup.completion:completion",
        "Print the shell code that completes this program.",
    ),
    "history": ("timmy_tui.commands.history:history", "Show the history, which outlives the logs."),
}
"""Name → (module:attribute, help line). A new command needs one row here."""


CHANGE = frozenset(("flags", "flip", "restart", "undo", "keep", "journal"))
"""Commands for changes: of another system only where its profile names what may be changed."""
ONLY_LITTLE_TIMMY = frozenset(("criteria", "probe", "warm", "restore-points", "trial"))
"""Commands that know Little Timmy's code, or judge it by its guide."""


def load_command(target: str) -> object:
    """The command object that ``module:attribute`` names."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
