"""Profiles with a fault each: ``profile check`` names it and ends with 1."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.profiles.worlds import PROFILE, line, whole_turn, write
from timmy_tui.commands.profile import profile as command
from timmy_tui.core.errors import TimmyError
from timmy_tui.profiles.check import check, report_lines
from timmy_tui.profiles.choice import START_BYTES
from timmy_tui.profiles.load import read

LINES = [one for number in range(20) for one in whole_turn(1_000_000.0 + 10 * number, f"t{number}")]
TAKES_FOR_EVER = """
[[event]]
name = "slow"
match = '^(a|aa)+$'
"""


def exit_code(folder: Path, text: str, lines: Sequence[bytes] = LINES) -> tuple[int, str]:
    """As the shell has it: click's runner gives a returned 1 back as 0."""
    log = folder / "box.log"
    log.write_bytes(b"\n".join(lines) + b"\n")
    own = write(folder, text)
    with command.make_context("profile", ["check", str(own), str(log)]) as context, CliRunner().isolation() as streams:
        try:
            code = command.invoke(context)
        except TimmyError as error:
            return 1, str(error)
        return int(code or 0), streams[0].getvalue().decode()


def test_the_whole_one_is_read(tmp_path: Path) -> None:
    code, said = exit_code(tmp_path, PROFILE)
    assert code == 0, said
    assert "80 lines read, 80 records matched, 0 unknown" in said
    assert "20 turns, 20 complete, 100% with a headline" in said
    assert "stages and gaps are the headline on every turn" in said


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        pytest.param('owner = "service"', 'ownr = "service"', "ownr", id="a wrong key"),
        pytest.param('from = ["asked"]', 'from = ["askd"]', "'askd', which is none of [[event]]", id="no such event"),
        pytest.param('to = ["sound"]\n[[event]]', 'to = ["error"]\n[[event]]', "headline never comes", id="headline"),
        pytest.param('event = "event"', 'event = "evt"', "a log of another program?", id="another program"),
        pytest.param('from = ["answered"]', 'from = ["asked"]', "stages overlap", id="overlap"),
        pytest.param('complete = ["sound"]', "complete = []", "no turn ended well", id="nothing ends a turn"),
        pytest.param('key = "id"', 'key = "identity"', "no turn: no record has the field 'identity'", id="no key"),
        pytest.param('field = "t"', 'field = "time"', "headline never comes", id="no time"),
        pytest.param('reason = "error.what"', 'reason = "error.why"', "'error.why', which no event", id="capture"),
        pytest.param('key = "think"', 'key = "speak"', "stage speak stands there twice", id="twice"),
        pytest.param("spec = 1", "spec = 1\nspec = 1", "is not valid TOML", id="not TOML"),
        pytest.param("spec = 1", "spec = 2", "spec", id="another version"),
        pytest.param("critical = true", "critical = false", "no stage is critical", id="nothing critical"),
        pytest.param('owner = "service"\nfrom = ["heard"]', 'owner = "service"\nrest = true\nfrom = ["heard"]',
                     "one way to be measured", id="two ways"),
    ],
)  # fmt: skip
def test_each_fault_has_its_word(tmp_path: Path, old: str, new: str, word: str) -> None:
    assert old in PROFILE
    code, said = exit_code(tmp_path, PROFILE.replace(old, new))
    assert code == 1
    assert word in said


def test_a_pattern_that_explodes_is_given_up_and_named(tmp_path: Path) -> None:
    text = PROFILE.replace('kind = "jsonl"\nevent = "event"', 'kind = "lines"') + TAKES_FOR_EVER
    for name in ("heard", "asked", "answered", "sound", "error"):
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\nmatch = "^{name}"\n')
    code, said = exit_code(tmp_path, text, [b"a" * 40 + b"!"] * 20)
    assert code == 1
    assert "pattern given up: event slow: it took longer than 50 ms on 5 lines" in said


def test_a_pattern_that_is_none_is_named(tmp_path: Path) -> None:
    code, said = exit_code(tmp_path, PROFILE.replace('event = "event"', "event = \"event\"\ndetect = '('"))
    assert code == 1
    assert "source.detect is not a pattern" in said


def test_parts_that_are_longer_than_their_headline(tmp_path: Path) -> None:
    text = PROFILE.replace('from = ["asked"]\nto = ["answered"]', 'lasts = ["answered.took"]')
    lines = [line(1e6 + 9 * n + at, f"t{n}", event, took=5000) for n in range(20)
             for at, event in ((0, "heard"), (0.5, "asked"), (1, "answered"), (1.5, "sound"))]  # fmt: skip
    code, said = exit_code(tmp_path, text, lines)
    assert code == 1
    assert "stages overlap: in 20 turns they are longer than their headline" in said
    assert "20 turns with parts that do not fit their headline" in said
    assert "on every turn" not in said


@pytest.mark.parametrize(("odd", "code"), [(0, 0), (1, 1), (2, 1)])
@pytest.mark.parametrize("form", ["longer", "overlap", "behind"])
def test_one_turn_of_twenty_whose_parts_do_not_fit_is_named(tmp_path: Path, odd: int, code: int, form: str) -> None:
    text = PROFILE
    if form == "longer":
        text = text.replace('from = ["asked"]\nto = ["answered"]', 'lasts = ["answered.took"]')
    elif form == "overlap":
        text = text.replace('from = ["answered"]\nto = ["sound"]', 'from = ["began"]\nto = ["sound"]')
        text += '[[event]]\nname = "began"\n'
    else:
        text = text.replace('from = ["answered"]\nto = ["sound"]', 'from = ["answered"]\nto = ["ended"]')
        text += '[[event]]\nname = "ended"\n'
    lines = [
        line(1e6 + 9 * number + at, f"t{number}", event, took=5000 if number < odd else 400)
        for number in range(20)
        for at, event in ((0.0, "heard"), (0.5, "asked"), (0.6 if number < odd else 1.0, "began"), (1.0, "answered"),
                          (2.0 if number < odd else 1.5, "ended"), (1.5, "sound"))
        if event not in ("began", "ended") or event in text
    ]  # fmt: skip
    exit_with, said = exit_code(tmp_path, text, lines)
    assert exit_with == code, said
    turns = "1 turn" if odd == 1 else f"{odd} turns"
    words = {
        "longer": f"stages overlap: in {turns} they are longer than their headline",
        "overlap": f"stages overlap: speak begins before think ends in {odd} of 20 turns",
        "behind": f"stages overlap: speak ends behind the headline in {odd} of 20 turns",
    }
    assert (words[form] in said) == (code == 1)
    assert ("stages and gaps are the headline on every turn" in said) == (code == 0)
    assert ("do not fit their headline" in said) == bool(odd)


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TimmyError, match="does not exist"):
        command.main(["check", str(write(tmp_path, PROFILE)), str(tmp_path / "none.log")], standalone_mode=False)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A FIFO would block for ever."""
    os.mkfifo(tmp_path / "fifo")
    for name, said in (("fifo", "is a FIFO, not a log"), (".", "is a directory, not a log")):
        with pytest.raises(TimmyError, match=said):
            command.main(["check", str(write(tmp_path, PROFILE)), str(tmp_path / name)], standalone_mode=False)


def test_a_detect_that_explodes_is_named(tmp_path: Path) -> None:
    """It is tried on every log that is named without a profile."""
    text = PROFILE.replace('event = "event"', "event = \"event\"\ndetect = '(a|aa)+!$'")
    code, said = exit_code(tmp_path, text, [*LINES, *[b'{"event": "other"}'] * (START_BYTES // 10), b"a" * 60])
    assert (code, said.count("wrong:")) == (0, 0), "behind the lines that it is looked for in"
    code, said = exit_code(tmp_path, text, [b"a" * 60, *LINES])
    assert code == 1
    assert "wrong: pattern given up: source.detect: it took longer than 50 ms on 1 line" in said


def test_words_of_the_talk_are_not_printed(tmp_path: Path) -> None:
    """Lines of a longer reply have no prefix; those that have one are shown by their shape."""
    text = PROFILE.replace(
        'kind = "jsonl"\nevent = "event"', "kind = \"lines\"\nline = '^(?P<t>\\d+) (?P<text>.*)$'"
    )  # fmt: skip
    for name in ("heard", "asked", "answered", "sound", "error"):
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\nmatch = "^{name}"\n')
    lines = [b"1000000000 heard", b"1000000001 sound", b"1000000002 volume 7", b"my secret is tea", b"", b" and milk"]
    _, said = exit_code(tmp_path, text, lines)
    assert "6 lines read, 2 records matched, 4 unknown" in said
    assert "1 × volume #" in said
    assert "3 × lines that source.line does not match" in said
    assert "tea" not in said and "milk" not in said


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"answer": {"events": [{"type": "heard", "t": 1e9}]}}, "its documents have no field 'run' (source.group)"),
        ({"events": [{"type": "heard", "t": 1e9}]}, "no list at 'answer.events' (source.items)"),
    ],
)
def test_documents_without_what_stands_around_them(tmp_path: Path, document: object, said: str) -> None:
    source = 'kind = "document"\nitems = "answer.events"\ngroup = "run"\nevent = "type"'
    text = PROFILE.replace('kind = "jsonl"\nevent = "event"', source).replace('key = "id"\n', "")
    code, words = exit_code(tmp_path, text, [json.dumps(document).encode()])
    assert code == 1
    assert said in words


def test_figures_in_another_unit_are_asked_after(tmp_path: Path) -> None:
    """A profile that takes seconds for milliseconds fits its own log, and is a thousand times too fast."""
    log = tmp_path / "own.log"
    log.write_text("".join(f'{{"t": {1e9 + 60 * n}, "total": 1.5, "llm": 0.9}}\n' for n in range(9)))
    text = (
        'spec = 1\n[profile]\nname = "own"\ntitle = "Own"\n[source]\nkind = "jsonl"\n[time]\nfield = "t"\n'
        'format = "unix_s"\n[turn]\nby = "order"\ncomplete = ["turn"]\n[[headline]]\nspan = "V2V"\n'
        'lasts = ["turn.total"]\n'
        '[[event]]\nname = "turn"\ntake.total = {path = "total"UNIT}\ntake.llm = {path = "llm"UNIT}\n'
        '[[stage]]\nkey = "llm"\nlabel = "LLM"\nmeaning = "model"\nowner = "service"\n'
        'lasts = ["turn.llm"]\ncritical = true\n'
    )
    said = {}
    for unit in ("", ', unit = "s"'):
        (path := tmp_path / "own.toml").write_text(text.replace("UNIT", unit))
        said[unit] = "\n".join(report_lines(check(read(path), log)))
    assert "p50 2ms" in said[""] and "nobody answers that fast" in said[""]
    assert "p50 1.50s" in said[', unit = "s"'] and "look:" not in said[', unit = "s"']
