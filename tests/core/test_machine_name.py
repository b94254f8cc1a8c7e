"""The name of this machine in exported files."""

import socket

import pytest

from timmy_tui.core.machine_name import is_machine_name, machine_name


@pytest.mark.parametrize("name", ["a", "desk.top", "A-1_b", "x" * 63, "9"])
def test_names_that_files_have_everywhere(name: str) -> None:
    assert is_machine_name(name)


@pytest.mark.parametrize("name", ["", "a b", "../x", ".hidden", "-a", "_a", "x" * 64, "é", "a\n", "a/b", "a:b"])
def test_names_that_they_do_not(name: str) -> None:
    assert not is_machine_name(name)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("laptop.example.org", "laptop"), ("Jan's laptop", "Jan-s-laptop"), ("büro", "b-ro"), ("-x-", "x"),
        ("ß", "timmy"), ("", "timmy"), ("x" * 80, "x" * 63),
    ],
)  # fmt: skip
def test_without_a_chosen_name_it_is_the_hosts_as_a_file_can_have_it(
    monkeypatch: pytest.MonkeyPatch, host: str, name: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert machine_name() == name and is_machine_name(name)
    assert machine_name("mine") == "mine"
