"""Traps of the real systems that their golden logs do not hold: made of those logs by a small change."""

import json
from collections.abc import Iterable, Sequence

import pytest

from tests.profiles.test_shipped_truth import DATA, LOGS
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.profiles.load import load
from timmy_tui.profiles.reading import ProfileReading

V2 = (DATA / "little-timmy-v2/little_timmy.log").read_bytes().splitlines()
TAIL = (DATA / "pipecat/tail.jsonl").read_bytes().splitlines()
TEXT_LOG = (DATA / "pipecat/text/pipecat.log").read_bytes().splitlines()


def read(profile: str, lines: Iterable[bytes]) -> list[Turn]:
    return [*ProfileReading(load(profile), 30.0).read_once([("log", [*lines])])]


def accounts(turns: Sequence[Turn]) -> list[object]:
    return [(turn.state, turn.headline_ms, turn.stages, turn.unattributed_ms, turn.prompt_tokens) for turn in turns]


@pytest.mark.parametrize("behind", [0.02, 5.0, -5.0])
def test_a_receiver_of_pipecat_whose_clock_is_another_one(behind: float) -> None:
    records = [json.loads(line) for line in TAIL]
    shifted = [json.dumps({**record, "t": record["t"] + behind}, separators=(",", ":")).encode() for record in records]
    assert accounts(read("pipecat", shifted)) == accounts(read("pipecat", TAIL))
    assert sum(turn.stages["endpointing"] is not None for turn in read("pipecat", shifted)) == 29


def test_tokens_of_pipecat_behind_the_next_beginning_are_of_the_turn_before() -> None:
    """What the LLM counted is told when its answer is whole; the user can have begun to speak by then."""
    records = [json.loads(line)["message"] for line in TAIL]
    kinds = [(message["type"], message.get("data", {}).get("kind")) for message in records]
    moved = 0
    for at in range(len(TAIL)):
        if kinds[at] != ("tail-service-usage", "llm"):
            continue
        behind = next(
            (n for n in range(at, len(TAIL)) if kinds[n][0] in ("user-started-speaking", "bot-llm-started")), None
        )
        if behind is None or kinds[behind][0] != "user-started-speaking":
            continue
        lines = [*TAIL[:at], *TAIL[at + 1 : behind + 1], TAIL[at], *TAIL[behind + 1 :]]
        assert accounts(read("pipecat", lines)) == accounts(read("pipecat", TAIL)), at
        moved += 1
        if moved == 4:
            break
    assert moved == 4


@pytest.mark.parametrize(
    ("profile", "lines", "begins", "error"),
    [
        ("little-timmy-v2", V2, b"(STT: ", b"[memory.extraction] ERROR: Memory extraction error: timed out"),
        ("little-timmy-v2", V2, b"(STT: ", b"[timmy] ERROR: [PRESENCE] passive face callback failed"),
        ("little-timmy-v2", V2, b"(STT: ", b"[asyncio] ERROR: Task exception was never retrieved"),
        ("pipecat-log", TEXT_LOG, b"User stopped speaking",
         b"ERROR    | bot:save:7 - the transcript could not be saved"),
    ],
)  # fmt: skip
def test_an_error_of_another_part_fails_no_turn_that_is_answered(
    profile: str, lines: Sequence[bytes], begins: bytes, error: bytes
) -> None:
    usual = read(profile, lines)
    stamp = 9 if profile == "little-timmy-v2" else 26
    noisy = [one for line in lines for one in ([line, line[:stamp] + error] if begins in line else [line])]
    assert len(noisy) > len(lines) + 20
    turns = read(profile, noisy)
    answered = [turn.ordinal for turn in usual if turn.state is TurnState.COMPLETE and turn.headline_ms is not None]
    assert len(answered) > 15
    assert [
        turn.ordinal for turn in turns if turn.state is TurnState.COMPLETE and turn.headline_ms is not None
    ] == answered
    assert [turn.headline_ms for turn in turns] == [turn.headline_ms for turn in usual]


SPOKEN = ("10:00:00 [audio.capture] INFO: Finalized speech (complete, 2.0s)",
          "10:00:01 [timmy] INFO: [{name}] {text} (STT: {stt}ms, SPK: {spk}ms)",
          "10:00:03 [timmy] INFO: [TIMMY] Here. (STT: 1ms, SPK: 1ms)",
          "10:00:03 [timmy] INFO: [PERF] endpoint=512ms queue=0ms spk={spk}ms stt={stt}ms retrieval=20ms build=3ms "
          "llm_ft=500ms llm=900ms tts=700ms e2e=1500ms reply_lag=1500ms speech_to_reply=3000ms")  # fmt: skip


@pytest.mark.parametrize("name", ["DAN", "JEAN-LUC", "JOSÉ", "O'NEIL", "UNKNOWN_1", "ÅSA B.", "R2-D2", "李"])
@pytest.mark.parametrize(("stt", "spk"), [(200, 40), (200, 0), (0, 0)])
def test_names_and_zeros_of_little_timmy_v2(name: str, stt: int, spk: int) -> None:
    lines = [one.format(name=name, text="[hi]: you", stt=stt, spk=spk).encode() for one in SPOKEN]
    (turn,) = read("little-timmy-v2", lines)
    assert (turn.text, turn.headline_ms, turn.typed, turn.state) == ("[hi]: you", 1500.0, False, TurnState.COMPLETE)
    assert (turn.stages["stt"], turn.stages["spk"]) == (stt or None, spk or None)


def test_a_stream_of_little_timmy_v2_that_begins_anywhere_has_no_turn_of_another_name() -> None:
    journal = (DATA / "little-timmy-v2/journal.json").read_bytes().splitlines()
    known = {turn.request_id for turn in read("little-timmy-v2", journal)}
    for begin in range(0, len(journal), 23):
        reading = ProfileReading(load("little-timmy-v2"), 30.0)
        reading.assembler.begin_midway()
        turns = reading.read_once([("log", journal[begin:])])
        assert {turn.request_id for turn in turns} <= known, begin


def test_the_run_of_home_assistant_behind_a_torn_line_is_read() -> None:
    runs = (DATA / "home-assistant/runs.jsonl").read_bytes().splitlines()
    usual = {turn.request_id: turn.headline_ms for turn in read("home-assistant", runs)}
    for cut in range(1, len(runs[1]), 97):
        turns = {
            turn.request_id: turn.headline_ms for turn in read("home-assistant", [runs[0], runs[1][:cut], *runs[2:]])
        }
        assert len(turns) >= len(usual) - 1
        assert all(usual[key] == headline for key, headline in turns.items())


def ends(turns: Iterable[Turn]) -> list[object]:
    ordered = sorted({turn.ordinal: turn for turn in turns}.values(), key=lambda turn: turn.position)
    return [(turn.request_id, turn.session, turn.state, turn.headline_ms, turn.text) for turn in ordered]


def as_it_grows(profile: str, lines: Iterable[bytes]) -> Iterable[Turn]:
    """As the dashboard has it: line by line when each was written, and a clock ticks in between."""
    reading, clock = (ProfileReading(load(profile), 30.0) for _ in range(2))
    now = 0.0
    for line in lines:
        clock.feed("", [line])
        written = max(now, clock.newest_stamp or now)
        while now and now + 5 < written:
            now = max(now + 5, written - 300)
            yield from reading.assembler.tick(now)
        now = written
        yield from reading.feed("", [line], arrived=now)
    yield from reading.finish()


@pytest.mark.parametrize(("profile", "log"), LOGS)
def test_a_log_has_the_same_turns_live_as_in_a_report(profile: str, log: str) -> None:
    lines = (DATA / log).read_bytes().splitlines()
    assert ends(as_it_grows(profile, lines)) == ends(read(profile, lines))
