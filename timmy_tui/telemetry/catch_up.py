"""Sends turns of the past that a collector has not got, once, as traces: ``timmy-tui export --otlp``.

No metrics: a counter would take them for now.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from timmy_tui.core.formatting import plural
from timmy_tui.model.llm import Reuse
from timmy_tui.model.turn import Turn
from timmy_tui.telemetry.answer import Answer, Verdict
from timmy_tui.telemetry.attributes import TurnContext
from timmy_tui.telemetry.otlp import BATCH, OtlpOptions
from timmy_tui.telemetry.spans import TurnTrace, trace_of
from timmy_tui.telemetry.told_turns import ToldTurns

PAUSES_S = (1.0, 2.0)
"""Before each further try of a batch that nobody took."""
LONGEST_PAUSE_S = 30.0
"""The longest that a server may ask for."""


class Sent(NamedTuple):
    """What became of the turns; the numbers sum to theirs."""

    taken: int = 0
    present: int = 0
    """It has them already."""
    refused: int = 0
    untimed: int = 0
    """Nothing tells when they were."""
    unsent: int = 0
    words: str = ""
    """What the collector said last to a batch that it did not take."""

    @property
    def is_whole(self) -> bool:
        """The collector has every turn that can be sent."""
        return not self.refused and not self.unsent

    @property
    def sentence(self) -> str:
        """``12 turns sent, 480 were there, 3 refused: 415 Unsupported Media Type``."""
        parts = [f"{plural(self.taken, 'turn')} sent", f"{self.present} were there"]
        parts += [f"{self.untimed} without a time"] if self.untimed else []
        parts += [f"{self.refused} refused"] if self.refused else []
        parts += [f"{self.unsent} not sent"] if self.unsent else []
        return ", ".join(parts) + (f": {self.words}" if self.words else "")


def send_turns(
    turns: Sequence[Turn],
    read_reuse: Callable[[], Mapping[int, Reuse]],
    told: ToldTurns,
    root: str,
    options: OtlpOptions,
) -> Sent:
    """Send the turns that were not sent, and write down those that were taken.

    ``read_reuse``: prompt reuse by ordinal; asked where there is something to send. ``root``: of the Timmy.
    """
    keys = [told.key(turn, root) for turn in turns]
    new = [(turn, key) for turn, key in zip(turns, keys, strict=True) if not told.has("t", key)]
    sent = Sent(present=len(turns) - len(new), unsent=len(new))
    if not new:
        return sent
    from timmy_tui.telemetry.otlp_sdk import Sender

    sender, reuse = Sender(options.endpoint, tuple), read_reuse()
    for start in range(0, len(new), BATCH):
        batch = new[start : start + BATCH]
        made = [
            (key, trace_of(turn, key.trace_id, TurnContext(reuse.get(turn.ordinal), text=options.text)))
            for turn, key in batch
        ]
        traces = [(key, trace) for key, trace in made if trace is not None]
        untimed = len(batch) - len(traces)
        sent = sent._replace(untimed=sent.untimed + untimed, unsent=sent.unsent - untimed)
        answer = _send(sender.send, [trace for _, trace in traces]) if traces else Answer(Verdict.TAKEN)
        if answer.verdict is Verdict.LATER:
            return sent._replace(words=answer.words)
        sent = sent._replace(unsent=sent.unsent - len(traces))
        if answer.verdict is Verdict.TAKEN:
            told.add("t", [key for key, _ in traces])
            sent = sent._replace(taken=sent.taken + len(traces))
        else:
            sent = sent._replace(refused=sent.refused + len(traces), words=answer.words)
    return sent


def _send(send: Callable[[Sequence[TurnTrace]], Answer], traces: Sequence[TurnTrace]) -> Answer:
    answer = send(traces)
    for pause_s in PAUSES_S:
        if answer.verdict is not Verdict.LATER or (answer.retry_after_s or 0.0) > LONGEST_PAUSE_S:
            break
        time.sleep(max(pause_s, answer.retry_after_s or 0.0))
        answer = send(traces)
    return answer
