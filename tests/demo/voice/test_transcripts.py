"""The texts of STT: what is sent, what replaces what was said before, and what is dropped."""

import pytest

from timmy_tui.demo.voice.transcripts import Transcripts


def said(*texts: str) -> list[str | None]:
    """What is sent for each text; None: nothing."""
    transcripts = Transcripts()
    sent: list[str | None] = []
    for text in texts:
        transcripts.update(text)
        sent.append(transcripts.latest if transcripts.finish() else None)
    return sent


def test_an_empty_or_equal_text_changes_nothing() -> None:
    transcripts = Transcripts()
    assert [transcripts.update(text) for text in ("", "Hello", "Hello", "", "Hello there")] == [
        False,
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("texts", "sent"),
    [
        (("Hi",), [None]),
        (("Yes",), ["Yes"]),
        (("Well...  I see…",), ["Well I see"]),
        (("The door is green.", "What's the time?"), ["The door is green.", "What's the time?"]),
        (("The door is green.", "The door is green."), ["The door is green.", "The door is green."]),
        # More of the same replaces it; less of the same, but no part of it, sends what was said before.
        (("The door is green.", "The door is green now."), ["The door is green.", "The door is green now."]),
        (("The door is green now.", "The door is greener."), ["The door is green now.", "The door is green now."]),
        # A part of what was said before is nothing new.
        (("The door is green.", "the door"), ["The door is green.", None]),
    ],
)
def test_what_is_sent(texts: tuple[str, ...], sent: list[str | None]) -> None:
    assert said(*texts) == sent


def test_what_was_set_aside_is_sent_with_the_rest() -> None:
    transcripts = Transcripts()
    transcripts.update("  A long beginning... ")
    assert transcripts.set_aside()
    assert transcripts.current == ""
    assert not transcripts.set_aside(), "there is nothing more"
    transcripts.update("the end")
    assert transcripts.finish()
    assert transcripts.latest == "A long beginningthe end", "upstream puts no space between"
    assert not transcripts.finish()
