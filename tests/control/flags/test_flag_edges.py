"""What may be typed for a flag, on both sides of each limit, and every sentence that says what may be."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from timmy_tui.control.errors import Refused
from timmy_tui.control.flags.readings import allowed, edit_of, find_flag, flag_states, flag_table, parse_value, word
from timmy_tui.core.errors import NotFound
from timmy_tui.core.settings import FlagSetting, Settings
from timmy_tui.model.flags.flag import Flag, Shown
from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.turn import FlagValue

BUILT_IN = {flag.key: flag for flag in FLAGS}
PLAIN_BOOL = Flag(key="b", label="b", file="f", constant="B", type=bool)
TEXT = Flag(key="s", label="s", file="f", constant="S", type=str)
WHOLE = Flag(key="i", label="i", file="f", constant="I", type=int)
FRACTION = Flag(key="f", label="f", file="f", constant="F", type=float)


def taken(flag: Flag, text: str) -> FlagValue | None:
    """The value that the text becomes; None where it is refused."""
    try:
        return parse_value(flag, text)
    except Refused:
        return None


def own(root: Path, **setting: object) -> Flag:
    """The flag that a user's setting makes."""
    fields = {"name": "X", "type": "int", **setting}
    settings = Settings(flags={"mine": FlagSetting(**fields)})  # type: ignore[arg-type]
    return flag_table(root, settings)[-1]


# -- values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", True), ("off", False), ("true", True), ("false", False), ("yes", True), ("no", False),
        ("ON", True), (" No ", False), ("1", None), ("0", None), ("y", None), ("", None),
    ],
)  # fmt: skip
def test_a_switch_without_words_takes_three_pairs_of_them(text: str, value: bool | None) -> None:
    assert taken(PLAIN_BOOL, text) is value


@pytest.mark.parametrize(("text", "value"), [("on", False), ("OFF", True), ("yes", None), ("true", None)])
def test_a_switch_with_words_takes_these_alone(text: str, value: bool | None) -> None:
    """Tail mode on is False in the file: "true" would be taken for either."""
    assert taken(BUILT_IN["tail-mode"], text) is value


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("context-size", "511", None), ("context-size", "512", 512), ("context-size", "131072", 131072),
        ("context-size", "131073", None), ("context-size", "512.0", None), ("context-size", "-512", None),
        ("retrieved-chunks", "0", None), ("retrieved-chunks", "1", 1), ("retrieved-chunks", "50", 50),
        ("retrieved-chunks", "51", None),
        ("recency-weight", "-0.01", None), ("recency-weight", "0", 0.0), ("recency-weight", "1", 1.0),
        ("recency-weight", "1.01", None), ("recency-weight", "inf", None), ("recency-weight", "a", None),
        ("model", "a" * 200, "a" * 200), ("model", "a" * 201, None), ("model", "0a.b_c:d/e-f", "0a.b_c:d/e-f"),
        ("model", ".a", None), ("model", "-a", None), ("model", "a b", None), ("model", "a\nb", None),
        ("model", "é", None), ("model", "a'", None),
    ],
)  # fmt: skip
def test_a_built_in_flag_on_both_sides_of_its_limits(key: str, text: str, value: FlagValue | None) -> None:
    found = taken(BUILT_IN[key], text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "good"),
    [("a", True), ("a" * 200, True), ("a" * 201, False), ("", False), (" ", False), ("a b", True), ("a\tb", False)],
)
def test_a_text_of_any_form_is_short_and_printable(text: str, good: bool) -> None:
    assert taken(TEXT, text) == (text if good else None)


def test_a_limit_may_be_on_one_side_alone() -> None:
    least, most = replace(WHOLE, least=3), replace(FRACTION, most=3.0)
    assert [taken(least, text) for text in ("2", "3", "1000000")] == [None, 3, 1000000]
    assert [taken(most, text) for text in ("-1000000", "3", "3.1")] == [-1000000.0, 3.0, None]


def test_of_choices_one_must_be_taken() -> None:
    some = replace(WHOLE, choices=(4, 8))
    assert [taken(some, text) for text in ("4", "8", "6")] == [4, 8, None]
    with pytest.raises(Refused, match="i cannot be '6'; it takes 4, 8"):
        parse_value(some, " 6 ")


def test_a_long_text_is_named_by_its_beginning() -> None:
    with pytest.raises(Refused) as refused:
        parse_value(WHOLE, " " + "z" * 60)
    assert refused.value.message == f"i cannot be '{'z' * 40}'; it takes a whole number."


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        (BUILT_IN["tail-mode"], "on or off"),
        (PLAIN_BOOL, "on or off"),
        (replace(PLAIN_BOOL, words={True: "loud", False: "quiet"}), "quiet or loud"),
        (BUILT_IN["context-size"], "a whole number from 512 to 131072"),
        (BUILT_IN["recency-weight"], "a number from 0 to 1"),
        (WHOLE, "a whole number"),
        (FRACTION, "a number"),
        (replace(WHOLE, least=0.0), "a whole number"),
        (replace(WHOLE, most=0.0), "a whole number"),
        (BUILT_IN["model"], "a name"),
        (TEXT, "at most 200 printable characters"),
        (replace(TEXT, choices=("amy", "joe")), "amy, joe"),
        (replace(PLAIN_BOOL, words={True: "on", False: "off"}, choices=(False,)), "off"),
    ],
)
def test_what_a_flag_takes_is_said_in_words(flag: Flag, says: str) -> None:
    assert allowed(flag) == says


# -- names


def test_a_name_that_is_like_none_is_answered_with_all_of_them(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as missing:
        find_flag("zzzzzz", tmp_path, Settings())
    assert missing.value.hint == f"There are: {', '.join(BUILT_IN)}."
    with pytest.raises(NotFound) as near:
        find_flag("MODELL", tmp_path, Settings())
    assert near.value.hint == "Did you mean model?"


@pytest.mark.parametrize("name", ["context-size", "context_size", "NUM_CTX", "num-ctx", "LLM_CONTEXT_SIZE"])
def test_a_flag_has_several_names(tmp_path: Path, name: str) -> None:
    assert find_flag(name, tmp_path, Settings()).key == "context-size"


# -- the user's own


def test_a_flag_of_the_users_own_is_what_its_setting_says(root: Path) -> None:
    warned = own(root, type="bool", label="mine, too", meaning="What it does.", warning="Careful.")
    assert warned == Flag(
        key="mine", label="mine, too", file="v34/config.py", constant="X", type=bool, words={True: "on", False: "off"},
        meaning={"": "What it does."}, warning="Careful.",
    )  # fmt: skip
    assert own(root) == Flag(key="mine", label="mine", file="v34/config.py", constant="X", type=int)
    assert own(root).shown_by == (Shown.JOURNAL, Shown.FILE)


@pytest.mark.parametrize(("kind", "of"), [("bool", bool), ("int", int), ("float", float), ("str", str)])
def test_each_type_of_a_setting_is_one_of_python(root: Path, kind: str, of: type[FlagValue]) -> None:
    assert own(root, type=kind).type is of


@pytest.mark.parametrize(
    ("kind", "choices", "made"),
    [
        ("float", (0, 0.5, 1), (0.0, 0.5, 1.0)),
        ("int", (1, 2), (1, 2)),
        ("int", (1, 2.0), None),
        ("int", (1, True), None),
        ("float", (0.5, True), None),
        ("float", (0.5, "1"), None),
        ("bool", (True,), (True,)),
        ("bool", (1,), None),
        ("str", ("a",), ("a",)),
        ("str", ("a", 1), None),
    ],
)
def test_choices_are_of_the_flags_type_and_whole_numbers_are_numbers(
    root: Path, kind: str, choices: tuple[object, ...], made: tuple[FlagValue, ...] | None
) -> None:
    flag = own(root, type=kind, choices=choices)
    if made is None:
        assert flag.unread == f"one of its choices is not of type {kind}"
    else:
        assert flag.unread == "" and [(one, type(one)) for one in flag.choices] == [(one, type(one)) for one in made]


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ({"name": "DB_PASSWORD"}, "its name is that of a secret"),
        ({"name": "not a name"}, "its name is not that of a constant"),
        ({"name": "a.b"}, "its name is not that of a constant"),
        ({"file": "../outside.py"}, "../outside.py lies outside "),
        ({"file": "v34/absent.py"}, "v34/absent.py is not a Python file in "),
        ({"file": "v34/data.txt"}, "v34/data.txt is not a Python file in "),
        ({"file": "v34"}, "v34 is not a Python file in "),
        ({"file": "v34/folder.py"}, "v34/folder.py is not a Python file in "),
    ],
)
def test_a_setting_that_cannot_be_read_says_why_before_a_file_is_opened(
    root: Path, setting: dict[str, str], why: str
) -> None:
    """The table itself knows: then no evidence of it is waited for, and a value is refused with the reason."""
    (root / "v34/data.txt").write_text("X = 1\n")
    (root / "v34/folder.py").mkdir()
    flag = own(root, **setting)
    assert flag.unread.startswith(why) and flag.shown_by == ()
    with pytest.raises(Refused) as refused:
        parse_value(flag, "1")
    assert refused.value.message == f"mine is shown, not changed: {flag.unread}."
    with pytest.raises(Refused, match="shown, not changed"):
        edit_of(flag, 1, root)


def test_a_key_like_a_secret_is_one_too(root: Path) -> None:
    settings = Settings(flags={"api-token": FlagSetting(name="X", type="int")})
    assert flag_table(root, settings)[-1].unread == "its name is that of a secret"


# -- as the screen shows them


def test_a_state_says_what_the_flag_is_and_what_its_value_means(root: Path) -> None:
    settings = Settings(
        flags={
            "bare": FlagSetting(name="KEEP_ALIVE", type="str"),
            "pick": FlagSetting(name="TEMPERATURE", type="float", choices=(0, 0.4)),
        }
    )
    states = {state.key: state for state in flag_states(root, settings, ())}
    assert states["bare"].meaning == "" and states["bare"].choices == () and states["bare"].override == ""
    assert states["pick"].choices == ("0.0", "0.4") and states["pick"].file_value == "0.4"
    assert states["retrieved-chunks"].meaning == BUILT_IN["retrieved-chunks"].meaning[""]
    assert states["raw"].meaning == (
        "Whether the prompt bypasses the model's template. "
        "The prompt goes to the model as it is; Ollama returns no context."
    )
    assert states["retrieval"].choices == ("on", "off")
    assert {state.running_value for state in states.values()} == {"—"}
    assert states["tail-mode"].label == "tail mode" and states["tail-mode"].editable


def test_the_lines_that_a_reason_is_about_are_named(root: Path) -> None:
    config = root / "v34/config.py"
    config.write_text(config.read_text() + "NUM_RETRIEVED_CHUNKS = 6\n")
    state = next(one for one in flag_states(root, Settings(), ()) if one.key == "retrieved-chunks")
    last = len(config.read_text().splitlines())
    assert state.override.endswith(f"(line 12, {last})") and "more than once" in state.override


def test_a_file_that_is_gone_has_no_line(root: Path) -> None:
    (root / "v34/app.py").unlink()
    state = next(one for one in flag_states(root, Settings(), ()) if one.key == "raw")
    assert state.override and "(line" not in state.override and not state.editable


@pytest.mark.parametrize(
    ("flag", "value", "says"),
    [
        (None, None, "—"),
        (BUILT_IN["tail-mode"], None, "—"),
        (BUILT_IN["tail-mode"], False, "on"),
        (BUILT_IN["tail-mode"], True, "off"),
        (BUILT_IN["tail-mode"], 0, "0"),
        (PLAIN_BOOL, True, "on"),
        (None, False, "off"),
        (WHOLE, 5, "5"),
        (FRACTION, 0.5, "0.5"),
    ],
)
def test_a_value_is_read_in_the_words_of_its_flag(flag: Flag | None, value: FlagValue | None, says: str) -> None:
    assert word(flag, value) == says
