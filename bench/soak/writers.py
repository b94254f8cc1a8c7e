"""The writers of both logs: a conversation of the demo without an end, at any speed, and every way to rotate."""

import os
import random
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.reading.logs import event_line
from bench.soak.ledger import WrittenLog
from timmy_tui.demo.generated.conversation import ConversationPlan, generate_logs

SESSION_TURNS = 33
BAD_LINES = (
    b"not a line of anything, %d",
    b'{"timestamp": "soon", "request_id": "%08d", "event": "a"}',
    b'{"timestamp": 1764350000.1, "event": "%d", "metadata": {}}',
    b'{"timestamp": 1764350000.1, "request_id": "%08d", "event": "a", "metadata": ' + b"[" * 1000 + b"}",
    b"\xff\xfe\x80 \x1b[2J %d",
    b'["timestamp", %d]',
)
"""Each is counted as one line that is not readable. The number makes it like no other."""
TOO_LONG = b"x" * ((1 << 20) + 5)


class LogWriter:
    """One log on disk and its ledger."""

    def __init__(self, path: Path, held: bool) -> None:
        """``held``: the file is kept open, as v34 does; else it is opened for each line, as the tracker does."""
        self.path = path
        self.log = WrittenLog()
        self._bad = 0
        self._held = held
        self._descriptor: int | None = None
        self._rotated = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open()

    def _open(self) -> None:
        if self._held:
            if self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def _write(self, data: bytes) -> None:
        if self._descriptor is not None:
            os.write(self._descriptor, data)
            return
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def append(self, line: bytes) -> None:
        """A line, which may come in two pieces."""
        cut = len(line) // 2 if len(line) % 11 == 0 else 0
        if cut:
            self._write(line[:cut])
        self._write(line[cut:] + b"\n")
        self.log.current.add(line.rstrip(b"\r").replace(b"\0", b""), time.time())

    def append_bad(self, rng: random.Random) -> None:
        """A line that is no event."""
        self._bad += 1
        self.log.current.bad += 1
        self.append(rng.choice(BAD_LINES) % self._bad)

    def append_too_long(self) -> None:
        """A line over the limit."""
        self._write(TOO_LONG + b"\n")
        self.log.current.too_long += 1

    def rename(self, rng: random.Random) -> None:
        """As logrotate does. Now and then the last line has no end."""
        if not self.path.exists():
            return
        if rng.random() < 0.2 and not self._held:
            torn = b'{"timestamp": 1764350000.1, "request_id": "torn%04d", "ev' % (self._rotated % 10_000)
            self._write(torn)
            self.log.current.add(torn, time.time())
            self.log.current.bad += 1
        self._rotated += 1
        self.path.rename(self.path.with_name(f"{self.path.name}.{self._rotated}"))
        self._begin("rename", rng)
        for old in range(self._rotated - 12, self._rotated - 9):
            self.path.with_name(f"{self.path.name}.{old}").unlink(missing_ok=True)

    def delete(self, rng: random.Random) -> None:
        """As the control panel does."""
        self.path.unlink(missing_ok=True)
        self._begin("delete", rng)

    def truncate(self, rng: random.Random) -> None:
        """As logrotate's copytruncate does."""
        if self.path.exists():
            os.truncate(self.path, 0)
            self.log.end("truncate")

    def _begin(self, how: str, rng: random.Random) -> None:
        self.log.end(how)
        if self._held or rng.random() < 0.5:
            self.path.touch()
        self._open()
        if self._held:
            # v34 prints the same at every start: without this line two contents could not be told apart.
            self.append(b"content %d" % len(self.log.contents))


class Conversation:
    """Lines of both logs in the order of a conversation, session after session. ``next_step`` writes one."""

    def __init__(self, root: Path, started: float, seed: int) -> None:
        """``started``: time of its first turn, on its own clock, which goes faster than ours."""
        self.latency = LogWriter(root / "shared/latency.log", held=False)
        self.v34 = LogWriter(root / "testing-interface/logs/v34.log", held=True)
        self.now = started
        self.turns: dict[str, float] = {}
        """By id: when its last line was written, by our clock."""
        self.contents: dict[str, set[int]] = {}
        """By id: numbers of the contents of the latency log that its lines are in."""
        self.typed = 0
        """Typed turns, of which only the debug log tells."""
        self._seed = seed
        self._rng = random.Random(seed)
        self._sessions = 0
        self._steps = self._endless()

    @property
    def logs(self) -> Mapping[str, WrittenLog]:
        """By kind."""
        return {"latency": self.latency.log, "v34": self.v34.log}

    def next_step(self) -> float:
        """Write the next lines; seconds of its clock until the ones behind them."""
        return next(self._steps)

    def burst(self, steps: int) -> None:
        """Many lines at once."""
        for _ in range(steps):
            self.next_step()

    def pause_alone(self) -> None:
        """What STT writes in a quiet room."""
        self.now += 0.7
        request_id = f"{self._rng.getrandbits(32):08x}"
        line = event_line(request_id, self.now, "stt", "stt_pause_detected", '{"pause_threshold": 0.5}')
        self.latency.append(line.rstrip("\n").encode())

    def _endless(self) -> Iterator[float]:
        while True:
            self._sessions += 1
            if self._sessions > 1:
                # v34 is started again: the panel deletes its log.
                self.v34.delete(self._rng)
            plan = ConversationPlan(
                SESSION_TURNS, seed=1000 * self._seed + self._sessions, start=self.now, session_turns=SESSION_TURNS
            )
            logs = generate_logs(plan)
            seconds = max(logs.ended - self.now, 1.0)
            latency, v34 = map(as_bytes, (logs.latency, logs.v34))
            written = 0
            for number, line in enumerate(latency, 1):
                request_id = line.partition(b'"request_id": "')[2][:8].decode(errors="replace")
                self.contents.setdefault(request_id, set()).add(len(self.latency.log.contents) - 1)
                self.latency.append(line)
                if b'"tts_resume_sent"' in line:
                    self.turns[request_id] = time.time()
                upto = len(v34) * number // len(latency)
                for debug_line in v34[written:upto]:
                    self.typed += b"Received user_message via WebSocket" in debug_line
                    self.v34.append(debug_line)
                written = upto
                self.now += seconds / len(latency)
                yield seconds / len(latency)
            self.now = max(self.now, logs.ended) + 30.0


def as_bytes(lines: list[str]) -> list[bytes]:
    """Lines as they are in the file."""
    return [line.encode("utf-8", "surrogateescape") for line in lines]
