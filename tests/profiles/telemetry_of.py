"""What leaves of each turn of another system's log: ``python telemetry_of.py PROFILE LOG`` prints it as JSON.

In a process of its own: a process watches one system.
"""

import json
import sys
from pathlib import Path


def main(name: str, log: Path) -> None:
    """For each turn that has a trace: its spans of requests, spans with tokens, samples of a request's time."""
    from timmy_tui.profiles.choice import watch
    from timmy_tui.profiles.load import load

    watch(load(name), log)
    from timmy_tui.profiles.reading import ProfileReading
    from timmy_tui.telemetry import published_names as names
    from timmy_tui.telemetry.attributes import TurnContext
    from timmy_tui.telemetry.samples import samples_of_turn
    from timmy_tui.telemetry.spans import trace_of

    told = []
    for turn in ProfileReading(load(name), 30.0).read_once([("log", log.read_bytes().splitlines())]):
        made = trace_of(turn, "1" * 32, TurnContext())
        if made is not None:
            told.append(
                {
                    "requests": sum(span.is_client for span in made.spans),
                    "tokens": [
                        span.attributes[names.INPUT_TOKENS]
                        for span in made.spans
                        if names.INPUT_TOKENS in span.attributes
                    ],
                    "counted": turn.prompt_tokens,
                    "times": sum(one.metric is names.LLM_TIME for one in samples_of_turn(turn, None)),
                    "streamed": sum(names.REQUEST_STREAM in span.attributes for span in made.spans),
                }
            )
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
