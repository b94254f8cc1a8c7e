"""A one-off: turns of the golden logs into Arize Phoenix, and read back from it.

    python -m venv PHOENIX && PHOENIX/bin/pip install arize-phoenix      # 850 MB
    python -m bench.ways_out.phoenix PHOENIX/bin/phoenix

Not part of ``make bench``: Phoenix's gRPC port binds all interfaces, whatever it is told.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from typing import Any

from tests.telemetry.prometheus_server import free_port
from tests.telemetry.turns import new_turns, reuse_of, snapshot_of
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.telemetry.new_turns import NewTurns
from timmy_tui.telemetry.otlp import OtlpExporter, OtlpOptions
from timmy_tui.telemetry.told_turns import ToldTurns

START_S, TURNS = 240.0, 14
PROJECT = "timmy"


def main(program: str) -> None:
    """Start Phoenix, send turns twice, and say what it has."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            **os.environ, "PHOENIX_WORKING_DIR": folder, "PHOENIX_PORT": str(port), "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_GRPC_PORT": str(free_port()), "PHOENIX_TELEMETRY_ENABLED": "false",
        }  # fmt: skip
        with subprocess.Popen(
            [program, "serve"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            try:
                wait_for(f"http://127.0.0.1:{port}/healthz")
                os.environ["OTEL_RESOURCE_ATTRIBUTES"] = f"openinference.project.name={PROJECT}"
                send_twice(f"http://127.0.0.1:{port}")
                tell(f"http://127.0.0.1:{port}/v1/projects/{PROJECT}/spans?limit=1000")
            finally:
                server.terminate()


def wait_for(address: str) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    sys.exit(f"{address} does not answer")


def send_twice(endpoint: str) -> None:
    """The same turns by two processes that know nothing of each other."""
    turns = new_turns(TURNS)
    for _ in range(2):
        exporter = OtlpExporter(
            OtlpOptions(endpoint, metrics=False), ToldTurns(None), "/timmy", print, NewTurns(settle_s=0.0)
        )  # fmt: skip
        exporter.start()
        exporter.observe(snapshot_of(turns, [reuse_of(turn) for turn in turns]))
        until = time.monotonic() + START_S
        while exporter.state.condition is not SourceCondition.OK and time.monotonic() < until:
            time.sleep(0.2)
        print(f"otel: {exporter.state.condition.value} {exporter.state.detail}")
        exporter.stop(time.monotonic() + 5)


def stored(address: str) -> list[dict[str, Any]]:
    """All spans, once there are no more than there were 20 s before: Phoenix stores in the background."""
    before: list[dict[str, Any]] = []
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        with urllib.request.urlopen(address, timeout=60) as answer:
            spans: list[dict[str, Any]] = json.load(answer)["data"]
        if spans and len(spans) == len(before):
            return spans
        before = spans
        time.sleep(20)
    return before


def tell(address: str) -> None:
    spans = stored(address)
    print(f"{len(spans)} spans, {len({one['context']['trace_id'] for one in spans})} traces")
    print(Counter(one["span_kind"] for one in spans))
    for one in [
        *[one for one in spans if one["parent_id"] is None][:1],
        *[s for s in spans if s["span_kind"] == "LLM"][:1],
    ]:
        print(one["name"], one["span_kind"], one["start_time"], one["end_time"])
        for name, value in sorted(one["attributes"].items()):
            print(f"    {name}: {value}")


if __name__ == "__main__":
    main(sys.argv[1])
