"""Why a turn did not complete: what may leave of it holds nothing of what was said."""

import pytest

from timmy_tui.model.endings import broken_off_by, status_words, without_what_was_said


@pytest.mark.parametrize(
    "reason",
    [
        "", "v34 was restarted before it ended", "it was restarted before the turn ended", "no further event",
        "the model gave no answer", "a new turn began before it ended", "turn 3f2a9c1e began before it ended",
        "v34 answered with status 500", broken_off_by(), broken_off_by("turn x"), status_words(502.0),
        "Empty streamed response received",
    ],
)  # fmt: skip
def test_own_words_are_whole(reason: str) -> None:
    assert without_what_was_said(reason) == reason


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Generate API call failed: my secret", "Generate API call failed"),
        ("Error in handle_user_message: 'a: b' my secret", "Error in handle_user_message"),
        ("Could not connect to TTS API: http://x/?text=my+secret", "Could not connect to TTS API"),
    ],
)
def test_of_v34s_words_what_stands_before_the_colon(reason: str, words: str) -> None:
    assert without_what_was_said(reason) == words


@pytest.mark.parametrize(
    "reason",
    [
        "my secret", "my secret: no answer", "no further event of my secret", "turn my secret began before it ended",
        "Generate API call failed my secret", "generate API call failed: x", "v34 answered with status my secret",
        "v34 answered with status 500 my secret", "no further event\nmy secret", " ", ": my secret",
        f"turn {'x' * 81} began before it ended",
    ],
)  # fmt: skip
def test_of_any_other_text_nothing(reason: str) -> None:
    assert without_what_was_said(reason) is None
