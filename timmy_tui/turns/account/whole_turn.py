"""How long a turn took from its first event to its last, and how much of that was not speech."""

from collections.abc import Mapping
from operator import itemgetter

from timmy_tui.model.stages.events import EVENTS, SLOT, Stamps
from timmy_tui.model.stages.v34 import STAGES
from timmy_tui.model.turn import NOT_ONE_TIME, SPOILED
from timmy_tui.turns.account.ledger import Ledger
from timmy_tui.turns.account.plausibility import is_voice

_ANSWERED = "stt_http_response_received"
_VOICE = [name for name in EVENTS if is_voice(name)]
_voice = itemgetter(*map(SLOT.__getitem__, _VOICE))
_beginning = itemgetter(*(SLOT[name] for name in _VOICE if name.startswith("stt") and name != _ANSWERED))
_end = itemgetter(*(SLOT[name] for name in _VOICE if name.startswith("tts") or name == _ANSWERED))
_SOUND, _SPOKEN = SLOT["tts_audio_playback_start"], SLOT["tts_audio_playback_complete"]
_VOICE_STAGES = tuple(stage.key for stage in STAGES if stage.clock in ("stt", "tts") and stage.measured == "events")


def whole_turn(stamps: Stamps, unknown_events: Mapping[str, int], ledger: Ledger) -> tuple[float | None, float | None]:
    """(end to end, the same without the speech) in ms; of an event that came twice the first counts.

    A turn that begins with STT and ends with TTS is timed by their clock alone: what v34's does is then no matter.
    ``unknown_events``: stamps in µs of events without a slot.
    """
    # Once a turn, in the loop that reads a log: any, filter and itemgetter take a quarter of the time of generators.
    encloses = any(_beginning(stamps)) and any(_end(stamps))
    present = [*filter(None, _voice(stamps) if encloses else stamps)]
    if unknown_events:
        present += [stamp for name, stamp in unknown_events.items() if is_voice(name) or not encloses]
    if len(present) < 2 or (ledger.unmeasured and _is_spoiled(ledger, encloses)):
        return None, None
    last = max(present)
    end_to_end_ms = (last - min(present)) / 1000
    sound, spoken = stamps[_SOUND], stamps[_SPOKEN]
    if spoken is None and (sound is None or sound == last):
        return end_to_end_ms, end_to_end_ms
    speech_ms = ledger.stages["playback"]
    return end_to_end_ms, None if speech_ms is None else end_to_end_ms - speech_ms


def _is_spoiled(ledger: Ledger, on_one_clock: bool) -> bool:
    """A clock stepped, or the machine slept, so that the first and the last stamp are not of one time."""
    reasons = ledger.unmeasured.values()
    if on_one_clock:
        # Where all spans of that clock are known, v34's alone is in doubt.
        return not SPOILED.isdisjoint(reasons) and any(ledger.stages[key] is None for key in _VOICE_STAGES)
    return not NOT_ONE_TIME.isdisjoint(reasons)
