"""``python -m timmy_tui.demo``: the simulated Little Timmy without the dashboard. Prints its root and runs until it is
interrupted."""

import argparse
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from timmy_tui.demo.generated.conversation import ConversationPlan, write_logs
from timmy_tui.demo.run import Demo, DemoOptions
from timmy_tui.demo.scenarios import SCENARIOS
from timmy_tui.demo.v34.access import ACCESS_FORMS


def main(argv: list[str] | None = None) -> int:
    """Run the demo, or only write logs; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m timmy_tui.demo", description=__doc__)
    parser.add_argument("--scenario", choices=SCENARIOS, default="steady")
    parser.add_argument("--speed", type=float, default=1.0, help="shortens pauses and playback")
    parser.add_argument("--work-speed", type=float, default=1.0, help="shortens the stages too, and what is logged")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--root", type=Path, help="use this folder and leave it in place")
    parser.add_argument("--ollama-version", default="0.12.11")
    parser.add_argument("--quiet-after", type=int, default=0, metavar="TURNS", help="then the user says nothing")
    parser.add_argument("--access-form", choices=ACCESS_FORMS, default="eventlet", help="form of v34's access lines")
    parser.add_argument("--raw-removed", action="store_true", help="llm.py no longer sets raw")
    parser.add_argument("--dies-in-reload", action="store_true", help="a reload in mid-turn ends v34 for good")
    parser.add_argument("--logs", type=int, metavar="TURNS", help="write both logs of so many turns below --root")
    args = parser.parse_args(argv)
    if args.logs:
        if args.root is None:
            parser.error("--logs needs --root")
        raw = False if args.raw_removed else None
        plan = ConversationPlan(args.logs, args.scenario, args.seed, version=args.ollama_version, raw=raw)
        write_logs(args.root, replace(plan, access_form=args.access_form))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    options = DemoOptions(
        args.scenario,
        args.speed,
        args.seed,
        args.ollama_version,
        work_speed=args.work_speed,
        quiet_after=args.quiet_after,
        access_form=args.access_form,
        raw_removed=args.raw_removed,
        dies_in_reload=args.dies_in_reload,
    )
    try:
        with Demo(options, args.root) as demo:
            print(demo.root, flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
