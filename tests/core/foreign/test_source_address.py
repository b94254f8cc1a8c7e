"""A source as its user writes it."""

from pathlib import Path

import pytest

from timmy_tui.core.errors import SourceError
from timmy_tui.core.foreign.source_address import source_address


@pytest.mark.parametrize(
    ("text", "name", "user", "shown"),
    [
        ("journal:little-timmy.service", "little-timmy.service", False, "journal:little-timmy.service"),
        ("journal:little-timmy", "little-timmy.service", False, "journal:little-timmy.service"),
        ("journal:user:voice@1.service", "voice@1.service", True, "journal:user:voice@1.service"),
        ("journal:user", "user.service", False, "journal:user.service"),
        (r"journal:a\x2db.scope", r"a\x2db.scope", False, r"journal:a\x2db.scope"),
    ],
)
def test_a_journal(text: str, name: str, user: bool, shown: str) -> None:
    source = source_address(text)
    assert (source.kind, source.name, source.user, source.shown) == ("journal", name, user, shown)
    assert source.path is None
    assert source.key == shown


@pytest.mark.parametrize(
    "unit",
    ["", "user:", "-f", "--file=/etc/passwd", "a b", "a;b", "a\nb", "a/b", "a*", "a?", "[ab]", "a$(b)", "x" * 256],
)
def test_what_is_no_unit(unit: str) -> None:
    with pytest.raises(SourceError, match="is not the name of a unit") as raised:
        source_address(f"journal:{unit}")
    assert "\n" not in raised.value.message


def test_an_address_is_shown_without_its_secrets() -> None:
    source = source_address("https://me:pass@box:8893/api/turns?token=hidden#here")
    assert (source.kind, source.shown) == ("http", "https://box:8893/api/turns")
    assert source.path is None
    assert "hidden" not in source.key and "pass" not in source.key


def test_another_query_is_another_source_and_another_password_is_not() -> None:
    keys = [
        source_address(text).key
        for text in ("http://box/t?a=1", "http://box/t?a=2", "http://box/t", "http://me:x@box/t", "http://me:y@box/t")
    ]
    assert len(set(keys[:3])) == 3
    assert keys[2] == keys[3] == keys[4]


@pytest.mark.parametrize("text", ["http:/box/turns", "http://", "https://me:pass@", "http://box:99999/", "http://a b/"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(SourceError, match="is not an HTTP address") as raised:
        source_address(text)
    assert "pass" not in str(raised.value)


@pytest.mark.parametrize("text", ["little_timmy.log", "/tmp/a.log", "./journal:x", "ftp:x", "httpd.log", "https.log"])
def test_all_else_is_a_file(text: str) -> None:
    source = source_address(text)
    assert source.path == source.place == Path(text)
    assert source.kind == "file"


def test_the_users_home() -> None:
    assert source_address("~/a.log").path == Path.home() / "a.log"
