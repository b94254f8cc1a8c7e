"""Where the services are, read from a config that is never run."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from timmy_tui.core.settings import Services, Settings
from timmy_tui.sources.services.urls import ServiceConfig, read_constants

CONFIG = """
import os
raise SystemExit("never run")
OLLAMA_API_URL = "http://windows-host:11434/api/generate"
TTS_API_URL = os.getenv("TTS_API_URL", "http://windows-host:5051/")
STT_API_URL: str = "http://user:secret@windows-host:8888"
V34_PORT = 5001
MODEL_NAME = "llama3.2:3b"
LLM_CONTEXT_SIZE = 8000
MAX_TOKENS = 7000
KEEP_ALIVE = "2h"
DB_CONFIG = {"password": "canary"}
DB_PASSWORD = "canary"
"""


def root_with(folder: Path, text: str | bytes) -> Path:
    (folder / "v34").mkdir()
    data = text.encode() if isinstance(text, str) else text
    (folder / "v34/config.py").write_bytes(data)
    return folder


def test_the_config_is_read_as_text(tmp_path: Path) -> None:
    urls = ServiceConfig(Settings(), root_with(tmp_path, CONFIG)).urls
    assert (urls.ollama, urls.tts) == ("http://windows-host:11434", "http://windows-host:5051")
    assert (urls.v34, urls.panel) == ("http://localhost:5001", "http://localhost:5555")
    assert urls.stt == "http://user:secret@windows-host:8888"
    assert urls.masked_url("stt") == "http://windows-host:8888"
    model = ServiceConfig(Settings(), tmp_path).model
    assert (model.model, model.num_ctx, model.max_tokens, model.keep_alive) == ("llama3.2:3b", 8000, 7000, "2h")


def test_only_known_names_are_read(tmp_path: Path) -> None:
    found = read_constants(root_with(tmp_path, CONFIG) / "v34/config.py")
    assert "canary" not in repr(found)


def test_settings_come_first_and_localhost_last(tmp_path: Path) -> None:
    settings = replace(Settings(), services=Services(ollama="https://box:1/ollama/", tts="ftp://no"))
    urls = ServiceConfig(settings, root_with(tmp_path, CONFIG)).urls
    assert urls.ollama == "https://box:1/ollama"
    assert urls.tts == "http://windows-host:5051"
    assert urls.unusable == {"tts": "services.tts is 'ftp://no', which is not an HTTP address"}
    assert ServiceConfig(Settings(), None).urls.ollama == "http://localhost:11434"


def test_a_config_that_cannot_be_read_is_as_none(tmp_path: Path) -> None:
    root = root_with(tmp_path, b"OLLAMA_API_URL = (\xff")
    assert ServiceConfig(Settings(), root).urls.ollama == "http://localhost:11434"
    (root / "v34/config.py").unlink()
    assert ServiceConfig(Settings(), root).model.model is None
    (root / "v34/config.py").mkdir()
    assert ServiceConfig(Settings(), root).urls.tts == "http://localhost:5051"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('OLLAMA_API_URL = "ftp://me:secret@box/"', "'ftp://box/', which is not an HTTP address"),
        ('OLLAMA_API_URL = "http:/box:11434"', "is not an HTTP address"),
        ('OLLAMA_API_URL = f"http://{HOST}:11434"', "is not a plain text"),
        ('OLLAMA_API_URL = "http://a:1"\nif HOST:\n    OLLAMA_API_URL = "http://b:1"', "is not a plain text"),
        ('OLLAMA_API_URL, OTHER = "http://a:1", 2', "is not a plain text"),
        ("OLLAMA_API_URL = None", "is not a plain text"),
        ("OLLAMA_API_URL = 11434", "is not a plain text"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, line: str, reason: str) -> None:
    urls = ServiceConfig(Settings(), root_with(tmp_path, line)).urls
    assert urls.ollama == "http://localhost:11434"
    assert list(urls.unusable) == ["ollama"]
    assert urls.unusable["ollama"].startswith("OLLAMA_API_URL in v34/config.py is ")
    assert reason in urls.unusable["ollama"]
    assert urls.why_not("ollama", "refused") == f"{urls.unusable['ollama']}; refused"
    assert urls.why_not("tts", "refused") == "refused"
    assert "secret" not in repr(urls.unusable)


@pytest.mark.parametrize("line", ["V34_PORT = 0", "V34_PORT = 65536", "V34_PORT = True", "PORT = find_port()"])
def test_a_port_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    urls = ServiceConfig(Settings(), root_with(tmp_path, line)).urls
    assert urls.v34 == "http://localhost:5000"
    assert urls.unusable["v34"] == f"{line.split()[0]} in v34/config.py is not a plain port number"


def test_a_setting_takes_the_place_of_what_cannot_be_used(tmp_path: Path) -> None:
    settings = replace(Settings(), services=Services(ollama="box:11500"))
    urls = ServiceConfig(settings, root_with(tmp_path, "OLLAMA_API_URL = f()")).urls
    assert (urls.ollama, urls.unusable) == ("http://box:11500", {})


def test_names_of_a_function_are_its_own(tmp_path: Path) -> None:
    text = 'TTS_API_URL = "http://a:1"\ndef f():\n    TTS_API_URL = "http://b:1"\n'
    assert ServiceConfig(Settings(), root_with(tmp_path, text)).urls.tts == "http://a:1"
