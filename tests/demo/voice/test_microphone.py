"""The microphone: which chunks are in its queue, and what is heard in them."""

import pytest

from timmy_tui.demo.voice.microphone import CHUNK_S, Microphone, Utterance


def test_a_chunk_comes_when_its_last_sample_does() -> None:
    microphone = Microphone(10.0)
    assert microphone.take(10.0 + CHUNK_S - 0.001) == []
    assert len(microphone.take(10.0 + CHUNK_S + 0.001)) == 1
    assert microphone.take(10.0 + CHUNK_S + 0.002) == [], "it is taken once"
    assert len(microphone.take(10.0 + 5 * CHUNK_S + 0.001)) == 4


def test_a_closed_microphone_drops_what_it_had_and_what_follows() -> None:
    microphone = Microphone(0.0)
    microphone.close()
    assert microphone.take(3 * CHUNK_S) == []
    microphone.open(4.5 * CHUNK_S)
    assert len(microphone.take(6.1 * CHUNK_S)) == 2, "the chunk that was half over when it was opened, and one more"


def test_opening_an_open_microphone_drops_nothing() -> None:
    microphone = Microphone(0.0)
    microphone.open(2.5 * CHUNK_S)
    assert len(microphone.take(3.1 * CHUNK_S)) == 3


@pytest.mark.parametrize(
    ("started", "ended", "heard"),
    [
        (0.0, 4 * CHUNK_S, ["ab", "abcd", "abcdef", "abcdefgh"]),
        (0.5 * CHUNK_S, 1.5 * CHUNK_S, ["abcd", "abcdefgh", "", ""]),
        (CHUNK_S, 2 * CHUNK_S, ["", "abcdefgh", "", ""]),
        (1.9 * CHUNK_S, 2.01 * CHUNK_S, ["", "abcdefg", "abcdefgh", ""]),
    ],
)
def test_the_text_grows_with_each_chunk_of_speech(started: float, ended: float, heard: list[str]) -> None:
    microphone = Microphone(0.0)
    microphone.say(Utterance(started, ended, "abcdefgh"))
    assert [chunk.heard for chunk in microphone.take(4 * CHUNK_S)] == heard
