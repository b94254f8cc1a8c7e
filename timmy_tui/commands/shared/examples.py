"""One example for each command, at the end of its ``--help``; a test runs them."""

EXAMPLES = {
    "dashboard": "--root ~/timmy-backend/little-timmy --read-only",
    "demo": "--scenario regression --speed 4",
    "watch": "--json --no-services --for 1",
    "replay": "shared/latency.log --speed max",
    "serve": "--port 8000",
    "report": "--tail 5",
    "export": "--parquet turns/",
    "status": "--tmux",
    "screenshot": "--size 80x24 --keys 2 turns.svg",
    "profile list": "",
    "profile check": "v34 shared/latency.log",
    "profile new": "shared/latency.log",
    "doctor": "",
    "criteria": "",
    "probe": "--yes",
    "warm": "--yes",
    "flags": "",
    "flip": "tail-mode on --yes",
    "restart": "--yes",
    "undo": "--yes",
    "keep": "",
    "journal": "",
    "restore-points create": "before-the-test",
    "restore-points list": "",
    "restore-points show": "before-the-test",
    "restore-points restore": "before-the-test v34/config.py --yes",
    "regressions": "",
    "compare": "turns:1-20 turns:21-40",
    "explain": "13",
    "trial": "start test-1",
    "mark": "13 good",
    "tmux-setup": "",
    "completion": "bash",
    "config path": "",
    "config show": "",
    "config check": "",
    "config edit": "",
    "history": "--turns",
}
"""Name of a command → its arguments."""


def example_line(name: str) -> str:
    """``Example: timmy-tui report --tail 5``; empty for a command without one."""
    arguments = EXAMPLES.get(name)
    return "" if arguments is None else f"Example: timmy-tui {name} {arguments}".rstrip()
