"""Addresses as people write them: taken with a proxy's path and without the endpoint, or refused by name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_tui.core.errors import SettingsError
from timmy_tui.core.foreign.addresses import base_url, mask_url, not_an_address, signal_url
from timmy_tui.core.settings import load_settings


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("http://h:1", "http://h:1"), ("http://h:1/", "http://h:1"), (" http://h:1 ", "http://h:1"),
        ("HTTP://h:1", "http://h:1"), ("https://h", "https://h"), ("http://h:", "http://h"),
        ("http://h:11434/api/generate", "http://h:11434"), ("http://h:11434//api/chat/", "http://h:11434"),
        ("http://h/api", "http://h"), ("http://h/v1", "http://h"), ("http://h/v1/chat/completions", "http://h"),
        ("http://h/ollama/api/generate", "http://h/ollama"), ("https://h/a/b/api/generate", "https://h/a/b"),
        ("http://h/ollama/", "http://h/ollama"), ("http://h/ollama/v1", "http://h/ollama"),
        ("http://h/my-api/generate", "http://h/my-api/generate"), ("http://h/apiary", "http://h/apiary"),
        ("http://h:5000/api/kv_stats?limit=5", "http://h:5000"), ("http://h:5051/tts/health", "http://h:5051/tts"),
        ("http://h:1/x?y=1#z", "http://h:1/x"), ("http://u:p@h:1/x", "http://u:p@h:1/x"),
        ("h:1", "http://h:1"), ("localhost:11434", "http://localhost:11434"), ("h:1/ollama", "http://h:1/ollama"),
        ("192.168.1.5:11434/api/generate", "http://192.168.1.5:11434"), ("[::1]:5", "http://[::1]:5"),
        ("http://[fe80::1%25eth0]:5/x", "http://[fe80::1%25eth0]:5/x"), ("u:p@h:1", "http://u:p@h:1"),
        ("windows-host", "http://windows-host:99"), ("windows-host/ollama", "http://windows-host:99/ollama"),
        ("http://windows-host", "http://windows-host"), ("bücher:1", "http://bücher:1"),
    ],
)  # fmt: skip
def test_taken(text: str, base: str) -> None:
    assert base_url(text, 99) == base
    assert base_url(base) == base, "what is taken stays as it is"


@pytest.mark.parametrize(
    "text",
    ["", " ", "/x", ":11434", "http://", "https:///x", "http:/h:1", "http:h", "ftp://h", "file:///x", "unix:///x.sock",
     "http://h:99999", "http://h:0", "http://h:x", "h:port", "::1", "http://::1:5", "http://[::1", "a b", "h:1\nx",
     "http://h\x1b[2J", "http://h:1/a b", "http://<host>:1",
     "http://h//\xa0/", "http://h:1/\u2003/x", "http://h/\x85/", "http://h/a\u2028b", "h\u3000:1",
     "http://u:p/w@h:1", "http://u:1/w@h:1", None, 5, True],
)  # fmt: skip
def test_refused(text: object) -> None:
    assert base_url(text, 99) == ""


@given(st.text(max_size=30))
def test_any_text_is_taken_or_refused_and_never_raises(text: str) -> None:
    base = base_url(text, 99)
    assert base == "" or base.startswith(("http://", "https://"))


@pytest.mark.parametrize("key", ["v34", "ollama", "tts", "stt", "panel"])
@pytest.mark.parametrize("value", ["ftp://box:1", "http:/box", "box:port"])
def test_a_setting_that_is_no_address_is_refused_by_name(tmp_path: Path, key: str, value: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f'[services]\n{key} = "{value}"\n')
    path.chmod(0o600)
    with pytest.raises(SettingsError, match=rf"services\.{key} is .*, which is not an HTTP address"):
        load_settings(path)
    path.write_text(f'[services]\n{key} = "box:1"\n')
    assert getattr(load_settings(path).services, key) == "box:1"


def test_how_it_is_shown() -> None:
    assert mask_url("http://a:b@h:1") == "http://h:1"
    assert mask_url("http://h\x1b[2J") == "http://h␛[2J"
    assert mask_url("a:secret@h:1") == "h:1"
    assert "secret" not in not_an_address("ftp://a:secret/more@h:1")


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
        ("http://localhost:5080/api/default", "http://localhost:5080/api/default/v1/traces"),
        ("http://127.0.0.1:9090/api/v1/otlp", "http://127.0.0.1:9090/api/v1/otlp/v1/traces"),
        ("https://otlp.example/otlp/", "https://otlp.example/otlp/v1/traces"),
        ("http://h:1/v1/traces", "http://h:1/v1/traces"), ("http://h:1/x/v1/metrics/", "http://h:1/x/v1/traces"),
        ("http://h:1/v1/traces/v1/traces", "http://h:1/v1/traces/v1/traces"), ("http://h:1/v1", "http://h:1/v1/v1/traces"),
        ("h:4318", "http://h:4318/v1/traces"), ("http://u:p@h:1/x?key=y", "http://u:p@h:1/x/v1/traces?key=y"),
        ("ftp://h", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_collector_is_asked_where_its_address_says(endpoint: str, url: str) -> None:
    assert signal_url(endpoint, "traces") == url
    assert signal_url(endpoint, "metrics") == url.replace("v1/traces?", "v1/metrics?").removesuffix("v1/traces") + (
        "v1/metrics" if url.endswith("v1/traces") else ""
    )
