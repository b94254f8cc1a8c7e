"""STT's loop on a virtual clock, beside v34 and TTS, and the damage that the scenarios do to a generated log."""

import re
from collections import Counter

from timmy_tui.demo.clock import VirtualClock
from timmy_tui.demo.voice.microphone import SPEECH_S_PER_CHARACTER, Utterance
from timmy_tui.demo.voice.speech import SpeechToText

_HEARD_LIMIT_S = 60.0
_REQUEST_ID = re.compile(r'"request_id": "([^"]*)"')
_PAUSE = '"event": "stt_pause_detected"'


class Listener:
    """Runs STT's loop up to the moment at which something else happens; also what TTS switches the microphone with.

    Processes that run at the same time share one virtual clock: it is set back to where the loop stands, and forward
    again. The loop stands still while it waits for v34's answer.
    """

    def __init__(self, speech_to_text: SpeechToText, clock: VirtualClock) -> None:
        self.speech_to_text = speech_to_text
        self.clock = clock
        self._stands_at = clock.now()

    def wait(self, seconds: float) -> None:
        """Nobody speaks for so long."""
        self._run_until(self.clock.now() + seconds)

    def hear(self, text: str) -> bool:
        """The user begins to say ``text`` now; run the loop until it has been sent and answered.

        False if the loop finds nothing to send, for example in a part of what was said before.
        """
        started = self.clock.now()
        ended = started + SPEECH_S_PER_CHARACTER * len(text)
        self.speech_to_text.microphone.say(Utterance(started, ended, text))
        self.clock.move_to(self._stands_at)
        was_sent = False
        while not was_sent and self.clock.now() < ended + _HEARD_LIMIT_S:
            was_sent = self.speech_to_text.run_pass()
        self._stands_at = self.clock.now()
        return was_sent

    def close(self) -> None:
        """TTS closes the microphone now."""
        self._run_until(self.clock.now())
        self.speech_to_text.microphone.close()

    def open(self, moment: float) -> None:
        """TTS opens the microphone at ``moment``, which is now."""
        self._run_until(moment)
        self.speech_to_text.microphone.open(moment)

    def _run_until(self, moment: float) -> None:
        self.clock.move_to(self._stands_at)
        while self.clock.now() < moment:
            self.speech_to_text.run_pass()
        self._stands_at = self.clock.now()
        self.clock.move_to(moment)


def without_lone_pauses(lines: list[str]) -> list[str]:
    """The lines of a latency log without the pauses whose id has no other event."""
    ids = [match[1] if (match := _REQUEST_ID.search(line)) else "" for line in lines]
    counts = Counter(ids)
    return [line for line, id_ in zip(lines, ids, strict=True) if counts[id_] > 1 or _PAUSE not in line]


def damage(lines: list[str], how: str) -> None:
    """Damage the end of a log: ``torn``, ``duplicate`` or ``garbage``."""
    if how == "garbage":
        lines += ["\x00" * 64, '{"timestamp": 17\udcff\udcfe, "event": "\udcc3("}', "[1, 2, 3]", "not json"]
    elif lines:
        lines.append(lines[-1][: len(lines[-1]) // 2] + lines[-1] if how == "torn" else lines[-1])
