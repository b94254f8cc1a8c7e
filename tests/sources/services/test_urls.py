"""Where the services are, read from a config that is never run."""

from pathlib import Path

from msgspec.structs import replace

from timmy_tui.core.settings import Services, Settings
from timmy_tui.sources.services.urls import ServiceConfig, base_url, mask_url, read_constants

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
    assert urls.ollama == "https://box:1"
    assert urls.tts == "http://windows-host:5051"
    assert ServiceConfig(Settings(), None).urls.ollama == "http://localhost:11434"


def test_a_config_that_cannot_be_read_is_as_none(tmp_path: Path) -> None:
    root = root_with(tmp_path, b"OLLAMA_API_URL = (\xff")
    assert ServiceConfig(Settings(), root).urls.ollama == "http://localhost:11434"
    (root / "v34/config.py").unlink()
    assert ServiceConfig(Settings(), root).model.model is None
    (root / "v34/config.py").mkdir()
    assert ServiceConfig(Settings(), root).urls.tts == "http://localhost:5051"


def test_what_is_a_url_and_how_it_is_shown() -> None:
    assert base_url("http://h:1/x?y") == "http://h:1"
    assert [base_url(text) for text in ("h:1", "file:///x", "http://h:99999", "http://", None, 5)] == [""] * 6
    assert [base_url(text) for text in ("http:// /", "http://a b/", "http://h\x7f:1", "http://h /x")] == [""] * 4
    assert mask_url("http://a:b@h:1") == "http://h:1"
    assert mask_url("http://h\x1b[2J") == "http://h␛[2J"
