"""The demo's v34 behind a real flask-socketio server: ``python -m tests.demo.socketio_v34 PORT LATENCY_LOG``."""

import random
import sys
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask_socketio import SocketIO, emit

from timmy_tui.demo.clock import KernelClock, WallClock
from timmy_tui.demo.events import EventWriter, append_to
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.v34.llm_call import LlmReply
from timmy_tui.demo.v34.output import process_output
from timmy_tui.demo.v34.session import Backends, Flags, Session, Simulation
from timmy_tui.demo.v34.turn import Preprocessor

SESSION = "0b9c6f0e-6c1e-4b53-9a55-2f6f3f1f7a10"


class _Model:
    """Answers at once, with other figures each time."""

    count = 0

    def ask(self, prompt: str, context: list[int] | None, temperature: float) -> LlmReply:
        self.count += 1
        stats = {
            "prompt_eval_count": 600 + self.count, "eval_count": 20 + self.count, "load_duration": 95_000_000,
            "prompt_eval_duration": 150_000_000 + self.count, "eval_duration": 400_000_000 + self.count,
            "total_duration": 700_000_000,
        }  # fmt: skip
        return LlmReply(f"Answer {self.count}.", None, stats)


def main() -> None:
    """Serve until somebody ends the process."""
    port, log = int(sys.argv[1]), Path(sys.argv[2])
    clock = KernelClock(WallClock(work_speed=50.0))
    events = EventWriter("v34", clock.now, append_to(log))
    simulation = Simulation(clock, Latencies(3), events, process_output(), random.Random(3))
    v34 = Preprocessor(Flags(), Session(SESSION), Backends(_Model().ask, lambda text, request_id: None), simulation)
    app = Flask(__name__)
    socketio = SocketIO(app, async_mode="threading")

    @app.route("/api/webhook", methods=["POST"])
    def webhook() -> dict[str, Any]:
        message = request.get_json()
        return {"status": "success", "response": v34.handle_webhook(message["text"], message.get("request_id"))}

    @app.route("/api/kv_stats")
    def kv_stats() -> dict[str, Any]:
        stats = list(v34.session.stats)
        return {"count": len(stats), "stats": stats}

    @app.route("/flush", methods=["POST"])
    def flush() -> dict[str, Any]:
        sys.stdout.flush()
        return {}

    def user_message(data: dict[str, str]) -> None:
        emit("bot_message", {"message": v34.handle_typed(data["message"])})

    socketio.on_event("user_message", user_message)
    socketio.run(app, host="127.0.0.1", port=port, allow_unsafe_werkzeug=True)


if __name__ == "__main__":
    main()
