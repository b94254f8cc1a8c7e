"""Which lines of a file are masked, and how much of each: name by name and statement by statement."""

import pytest

from timmy_tui.control.edit.masking import MASK, masked_diff, masked_lines
from timmy_tui.control.edit.python_source import read_source


def masked(text: str) -> list[str]:
    return masked_lines(read_source(text.encode()))


@pytest.mark.parametrize(
    "name",
    ["password", "PASSWORD", "db_pass", "passphrase", "SECRET_1", "my_secret", "token", "MAX_TOKENS", "api_key", "KEYS",
     "PG_DSN", "dsn", "credentials", "CRED"],
)  # fmt: skip
def test_a_name_with_such_a_word_in_it_hides_its_value(name: str) -> None:
    assert masked(f"{name} = 'abc'\nplain = 'abc'\n") == [MASK, "plain = 'abc'", ""]


@pytest.mark.parametrize("name", ["pas", "secre", "toke", "ke_y", "ds_n", "cre_d", "host", "user", "port"])
def test_any_other_name_is_shown(name: str) -> None:
    assert masked(f"{name} = 'abc'\n") == [f"{name} = 'abc'", ""]


@pytest.mark.parametrize(
    "statement",
    [
        "key: str = 'abc'", "key += 'abc'", "a.key = 'abc'", "a['key'] = 'abc'", "key['a'] = 'abc'", "a = key = 'abc'",
        "a, key = 1, 'abc'", "[a, key] = 1, 'abc'", "a = {'key': 'abc'}", "a = {'b': 1, 'key': 'abc'}",
        "f(key='abc')", "f(1, b=2, key='abc')", "f('key', 'abc')", "a = f(key='abc')", "print(key := 'abc')",
    ],
)  # fmt: skip
def test_a_statement_that_gives_a_secret_its_value_is_hidden_with_its_indentation_kept(statement: str) -> None:
    for line in masked(f"if x:\n    {statement}\n    y = 1\n")[1:2]:
        assert "abc" not in line and MASK in line and line.startswith("    ")
    assert masked(f"if x:\n    {statement}\n    y = 1\n")[2] == "    y = 1"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f(a, key='abc'):\n    pass\n", [MASK, "    pass", ""]),
        ("def f(a='b', *, key='abc'):\n    pass\n", [MASK, "    pass", ""]),
        ("def f(key, a='b'):\n    pass\n", ["def f(key, a='b'):", "    pass", ""]),
        ("def f(key, /, a='b'):\n    pass\n", ["def f(key, /, a='b'):", "    pass", ""]),
        ("def f(key='abc', /, a='b'):\n    pass\n", [MASK, "    pass", ""]),
        ("def f(*, key, a='b'):\n    pass\n", ["def f(*, key, a='b'):", "    pass", ""]),
        ("f(x, y='b')\n", ["f(x, y='b')", ""]),
        ("f(**o)\n", ["f(**o)", ""]),
        ("a = {**o, 'b': 1}\n", ["a = {**o, 'b': 1}", ""]),
        ("a = key\n", ["a = key", ""]),
        ("a = b'key'\n", ["a = b'key'", ""]),
        ("f(key)\n", ["f(key)", ""]),
    ],
)
def test_what_only_uses_such_a_name_is_shown(text: str, lines: list[str]) -> None:
    assert masked(text) == lines


def test_every_line_of_a_secret_is_hidden_and_no_other() -> None:
    assert masked("A = 1\nDB = {\n    'user': 'u',\n    'password': (\n        'abc'\n    ),\n}\nB = 2\n") == [
        "A = 1", MASK, f"    {MASK}", f"    {MASK}", f"        {MASK}", f"    {MASK}", MASK, "B = 2", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("U = 'http://me:abc@host:80/p'", f"U = 'http://{MASK}@host:80/p'"),
        ("U = 'http://abc@host'", f"U = 'http://{MASK}@host'"),
        ("U = 'http://a:b@h', 'ws://c:d@h'", f"U = 'http://{MASK}@h', 'ws://{MASK}@h'"),
        ("U = 'http://host/a@b'", "U = 'http://host/a@b'"),
        ("U = 'http://host', 'me@host'", "U = 'http://host', 'me@host'"),
        ("U = 'http://a b@host'", "U = 'http://a b@host'"),
        ("U = \"http://host\", \"me@host\"", "U = \"http://host\", \"me@host\""),
        ("U = 'me:abc@host'", "U = 'me:abc@host'"),
        ("U = 'http://@host'", "U = 'http://@host'"),
        ("# http://me:abc@host", f"# http://{MASK}@host"),
    ],
)  # fmt: skip
def test_user_and_password_in_an_address_are_hidden(line: str, shown: str) -> None:
    assert masked(line) == [shown]


def test_a_difference_in_a_masked_line_alone_is_told_without_it() -> None:
    assert masked_diff(b"key = 'a'\n", b"key = 'b'\n", "config.py") == (
        "config.py differs only in masked lines or in line ends.",
    )
    assert masked_diff(b"a = 1\n", b"a = 1\r\n", "config.py") == (
        "config.py differs only in masked lines or in line ends.",
    )
    assert masked_diff(b"a = 1\n", b"a = 1\n", "config.py") == ()
    assert masked_diff(b"a = 1\n", b"a = 2\n", "config.py") == (
        "--- config.py (on disk)", "+++ config.py (restored)", "@@ -1,2 +1,2 @@", "-a = 1", "+a = 2", " ",
    )  # fmt: skip
