"""Flags: values in the user's words, what the file says, what the turns show, what does not go together."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.control.timmy_files import CANARY, lay_out
from tests.turn_makers import tail_mode_turns
from timmy_tui.control.edit.places import Value
from timmy_tui.control.edit.transaction import apply
from timmy_tui.control.errors import Refused
from timmy_tui.control.flags.readings import (
    combination_warnings,
    edit_of,
    find_flag,
    flag_states,
    flag_table,
    parse_value,
    read_flags,
    word,
)
from timmy_tui.core.errors import NotFound
from timmy_tui.core.settings import FlagSetting, Paths, Settings
from timmy_tui.model.change import FlagState
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.turn import Turn

SETTINGS = Settings()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "timmy")


def flag(key: str) -> Flag:
    return next(flag for flag in FLAGS if flag.key == key)


def states(root: Path, turns: Sequence[Turn] = (), settings: Settings = SETTINGS) -> dict[str, FlagState]:
    return {state.key: state for state in flag_states(root, settings, turns)}


def test_every_flag_is_read_from_its_file(root: Path) -> None:
    values = {reading.flag.key: word(reading.flag, reading.value) for reading in read_flags(root, SETTINGS)}
    assert values == {
        "tail-mode": "off",
        "raw": "on",
        "retrieval": "on",
        "context-size": "8000",
        "retrieved-chunks": "5",
        "recency-weight": "0.75",
        "model": "llama3.2:3b-instruct-q4_K_M",
        "pause-threshold": "—",
        "debug-mode": "off",
        "use-chat-endpoint": "off",
    }
    of_v34 = [reading for reading in read_flags(root, SETTINGS) if reading.flag.key != "pause-threshold"]
    assert all(not reading.reason and len(reading.lines) == 1 for reading in of_v34)


def test_tail_mode_on_is_the_constant_false(root: Path) -> None:
    tail = find_flag("tail-mode", root, SETTINGS)
    apply([edit_of(tail, parse_value(tail, "on"), root)], root.parent / "backups")
    assert b"USE_FULL_MEGA_PROMPT = False\n" in (root / "v34/config.py").read_bytes()
    assert states(root)["tail-mode"].file_value == "on"


def test_raw_is_the_keyword_of_the_one_call(root: Path) -> None:
    raw = find_flag("raw", root, SETTINGS)
    apply([edit_of(raw, parse_value(raw, "OFF "), root)], root.parent / "backups")
    assert b"context=prev_ctx, raw=False," in (root / "v34/app.py").read_bytes()


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("tail-mode", "off", True),
        ("retrieval", "off", False),
        ("context-size", " 4096", 4096),
        ("recency-weight", "1", 1.0),
        ("recency-weight", "0", 0.0),
        ("model", "hf.co/a/b:Q4", "hf.co/a/b:Q4"),
    ],
)
def test_what_is_typed_becomes_a_value_of_the_type(key: str, text: str, value: Value) -> None:
    found = parse_value(flag(key), text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("tail-mode", "True", "on or off"),
        ("context-size", "511", "from 512 to 131072"),
        ("context-size", "8e3", "whole number"),
        ("context-size", "", "whole number"),
        ("recency-weight", "nan", "from 0 to 1"),
        ("recency-weight", "1.01", "from 0 to 1"),
        ("retrieved-chunks", "0", "from 1 to 50"),
        ("model", "a b", "a name"),
        ("model", "\x1b]0;x", "a name"),
        ("debug-mode", "on", "--debug"),
        ("use-chat-endpoint", "on", "nothing in v34 reads it"),
    ],
)
def test_what_is_not_allowed_is_refused_with_what_is(key: str, text: str, says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        parse_value(flag(key), text)
    assert refused.value.message.isprintable()


@given(st.sampled_from(FLAGS), st.text())
def test_any_text_is_a_value_of_the_flag_or_refused(one: Flag, text: str) -> None:
    try:
        value = parse_value(one, text)
    except Refused:
        return
    assert type(value) is one.type
    assert parse_value(one, word(one, value)) == value


def test_read_only_flags_are_shown_with_the_reason_and_have_no_edit(root: Path) -> None:
    shown = states(root)["debug-mode"]
    assert (shown.editable, shown.override) == (False, "--debug on v34's command line overwrites it")
    with pytest.raises(Refused, match="shown, not changed"):
        edit_of(flag("debug-mode"), True, root)


def test_a_flag_is_found_by_key_or_constant_and_the_nearest_is_offered(root: Path) -> None:
    assert find_flag("USE_FULL_MEGA_PROMPT", root, SETTINGS).key == find_flag("Tail-Mode", root, SETTINGS).key
    with pytest.raises(NotFound) as missing:
        find_flag("tailmode", root, SETTINGS)
    assert "tail-mode" in missing.value.hint


def test_a_value_that_comes_from_elsewhere_is_shown_with_reason_and_line(root: Path) -> None:
    config = root / "v34/config.py"
    config.write_bytes(config.read_bytes().replace(b"= 8000", b"= int(os.getenv('N', '8000'))"))
    shown = states(root)["context-size"]
    assert (shown.file_value, shown.editable) == ("—", False)
    assert "environment" in shown.override and "line 23" in shown.override


def test_a_value_of_another_type_is_shown_and_not_changed(root: Path) -> None:
    config = root / "v34/config.py"
    config.write_bytes(config.read_bytes().replace(b"RECENCY_WEIGHT = 0.75", b"RECENCY_WEIGHT = 1"))
    shown = states(root)["recency-weight"]
    assert (shown.file_value, shown.editable) == ("1", False)
    assert "type int, not float" in shown.override


def test_a_file_that_is_gone_or_broken_takes_only_its_own_flags(root: Path) -> None:
    (root / "v34/app.py").unlink()
    shown = states(root)
    assert shown["raw"].file_value == "—" and "app.py" in shown["raw"].override
    assert shown["tail-mode"].file_value == "off"
    (root / "v34/config.py").write_bytes(b"X = (\n")
    assert "not valid Python" in states(root)["tail-mode"].override


def test_the_settings_say_where_the_files_are(root: Path) -> None:
    (root / "v34/config.py").rename(root / "v34/settings.py")
    shown = states(root, settings=Settings(paths=Paths(config="v34/settings.py")))
    assert shown["tail-mode"].file_value == "off"


def own(**flags: FlagSetting) -> Settings:
    return Settings(flags={key.replace("_", "-"): setting for key, setting in flags.items()})


def test_the_user_adds_flags(root: Path) -> None:
    settings = own(
        keep_alive=FlagSetting("KEEP_ALIVE", "str", choices=("1h", "5m"), meaning="How long it stays loaded."),
        temperature=FlagSetting("TEMPERATURE", "float", choices=(0, 0.4, 1)),
    )
    shown = states(root, settings=settings)["keep-alive"]
    assert (shown.file_value, shown.choices, shown.editable) == ("1h", ("1h", "5m"), True)
    assert shown.meaning == "How long it stays loaded."
    keep = find_flag("keep-alive", root, settings)
    with pytest.raises(Refused, match="1h, 5m"):
        parse_value(keep, "2h")
    assert parse_value(find_flag("temperature", root, settings), "1") == 1.0


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "API_KEY", "SECRET", "MAX_TOKENS", "PG_DSN", "CREDENTIALS", "passphrase", "not a name"]
)
def test_s4_a_flag_named_like_a_secret_is_neither_read_nor_changed(root: Path, name: str) -> None:
    config = root / "v34/config.py"
    config.write_bytes(config.read_bytes() + f'\n{name.replace(" ", "_")} = "{CANARY.decode()}"\n'.encode())
    settings = own(mine=FlagSetting(name, "str"))
    shown = states(root, settings=settings)["mine"]
    assert (shown.file_value, shown.editable) == ("—", False)
    assert "name" in shown.override
    assert CANARY.decode() not in repr(flag_states(root, settings, ()))
    with pytest.raises(Refused):
        edit_of(find_flag("mine", root, settings), "x", root)


def test_s3_a_flag_outside_the_root_is_neither_read_nor_changed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_bytes(b"X = 1\n")
    (root / "v34/link.py").symlink_to(outside)
    (root / "v34/data.txt").write_bytes(b"X = 1\n")
    for file in ("../outside.py", str(outside), "v34/link.py", "v34/data.txt", "v34", "v34/absent.py"):
        settings = own(mine=FlagSetting("X", "int", file=file))
        shown = states(root, settings=settings)["mine"]
        assert (shown.file_value, shown.editable) == ("—", False), file
        with pytest.raises(Refused):
            edit_of(find_flag("mine", root, settings), 2, root)


def test_s3_a_link_in_place_of_config_py_that_leads_out_is_not_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    (root / "v34/config.py").rename(outside)
    (root / "v34/config.py").symlink_to(outside)
    assert "lies outside" in states(root)["tail-mode"].override
    with pytest.raises(Refused, match="outside"):
        edit_of(flag_table(root, SETTINGS)[0], False, root)


def test_the_users_flags_cannot_take_a_built_in_name_or_a_wrong_choice(root: Path) -> None:
    settings = own(raw=FlagSetting("X", "int"), chunks=FlagSetting("NUM_RETRIEVED_CHUNKS", "int", choices=("5",)))
    table = flag_table(root, settings)
    assert [one.unread for one in table[-2:]] == [
        "raw is the name of a built-in flag",
        "one of its choices is not of type int",
    ]
    assert find_flag("raw", root, settings).literal == flag("raw").literal == "generate_api_call(raw=)"


@pytest.mark.parametrize(
    ("full", "raw", "changed", "good"),
    [
        (False, True, "tail-mode", False),
        (False, True, "raw", True),
        (True, False, "tail-mode", True),
        (True, False, "raw", False),
        (False, True, "", False),
        (True, False, "", False),
    ],
)
def test_a_bad_pair_comes_with_the_good_one_that_keeps_what_was_changed(
    full: bool, raw: bool, changed: str, good: bool
) -> None:
    (pair,) = combination_warnings({"tail-mode": full, "raw": raw}, changed)
    assert ("without any context" if raw else "grows the context") in pair.message
    assert dict(pair.good) == {"tail-mode": good, "raw": good}
    assert combination_warnings(dict(pair.good)) == ()


def test_pairs_that_work_or_are_not_known_are_not_warned_of() -> None:
    assert combination_warnings({"tail-mode": True, "raw": True}) == ()
    assert combination_warnings({"tail-mode": False}) == ()


def test_a_bad_pair_in_the_files_is_a_warning_of_both_flags(root: Path) -> None:
    tail = find_flag("tail-mode", root, SETTINGS)
    apply([edit_of(tail, False, root)], root.parent / "backups")
    shown = states(root)
    assert shown["tail-mode"].warning == shown["raw"].warning != flag("raw").warning


def test_meanings_follow_the_value(root: Path) -> None:
    assert states(root)["tail-mode"].meaning.endswith("The whole prompt on every turn.")
    assert states(root)["tail-mode"].choices == ("on", "off")


def test_s4_no_state_holds_a_value_beyond_the_flags(root: Path) -> None:
    assert CANARY.decode() not in repr(flag_states(root, SETTINGS, tail_mode_turns(False, False)))
    assert CANARY.decode() not in repr(read_flags(root, SETTINGS))
