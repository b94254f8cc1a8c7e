"""The dashboard as a web page: in a real browser, from this machine alone, loading nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import httpx
import psutil
import pytest
import textual_serve
from playwright.sync_api import Page, sync_playwright

from tests.programs import needs
from tests.waiting import wait_for
from timmy_tui.bootstrap.web_server import ServeError, loopback_address
from timmy_tui.core.web_page import REASON
from timmy_tui.demo.generated.conversation import ConversationPlan, recent_start, write_logs
from timmy_tui.storage.history import History
from timmy_tui.ui.key_commands import COMMANDS, SCREENS, works_on

CHROMIUM_OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
ABSOLUTE = re.compile(r"""(?:https?:|wss?:|ftp:|["'(=]\s*)//[^\s"'`)<>]+""")
"""An address with a host in it, also without its scheme."""
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
PLAYWRIGHT_KEYS = {
    "equals_sign": "=", "asterisk": "*", "exclamation_mark": "!", "full_stop": ".", "comma": ",", "enter": "Enter",
}  # fmt: skip
UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==",
}  # fmt: skip
"""Headers that ask for a web socket."""


class Served:
    """``timmy-tui serve`` on the logs of a conversation, in folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.root, self.state = folder / "timmy", folder / "state"
        write_logs(self.root, ConversationPlan(24, "regression", 3, start=recent_start(24, (0.4, 1.4))))
        (self.root / "v34").mkdir(exist_ok=True)
        (self.root / "v34/config.py").write_text("USE_TAIL_MODE = False\n")
        environment = {**os.environ, "XDG_STATE_HOME": str(self.state), "XDG_CONFIG_HOME": str(folder / "config")}
        self.before = contents(self.root)
        argv = [sys.executable, "-m", "timmy_tui", "serve", "--root", str(self.root), "--no-services", "--port", "0"]
        self.process = subprocess.Popen(
            argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        found = re.search(r"http://\S+", self.process.stdout.readline())
        assert found is not None, self.process.stderr and self.process.stderr.read()
        self.url = found[0]

    def end(self) -> str:
        """End it as a service manager does; what it wrote to standard error."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=30)
        return errors


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    one = Served(tmp_path_factory.mktemp("served"))
    yield one
    one.end()


@pytest.fixture(scope="module")
def opened(served: Served) -> Iterator[tuple[Page, list[str]]]:
    """The page in a browser, and every address that it has asked for."""
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=list(CHROMIUM_OPTIONS))
        page = browser.new_page(viewport={"width": 1200, "height": 700})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda connection: asked.append(connection.url))
        page.goto(served.url)
        yield page, asked
        browser.close()


def text_of(page: Page) -> str:
    """What a user gets who selects the whole terminal with the mouse and copies it."""
    box = page.locator(".xterm-screen").bounding_box()
    assert box is not None
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 1, box["y"] + 1)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] - 1)
    page.mouse.up()
    page.keyboard.up("Shift")
    copied = page.evaluate(
        "() => { const event = new ClipboardEvent('copy', {clipboardData: new DataTransfer(), bubbles: true});"
        "document.querySelector('.xterm').dispatchEvent(event); return event.clipboardData.getData('text/plain'); }"
    )
    return str(copied)


def until(page: Page, *parts: str) -> str:
    def shown() -> str:
        text = text_of(page)
        return text if all(part in text for part in parts) else ""

    return wait_for(shown, lambda: text_of(page))


@needs("chromium")
def test_a_browser_shows_what_the_terminal_shows_and_takes_keys(
    opened: tuple[Page, list[str]], served: Served, tmp_path: Path
) -> None:
    page, asked = opened
    text = until(page, "V2V ≥", "endpointing", "sources ok")
    assert "24 turns" in text or "turns" in text
    page.keyboard.press("2")
    until(page, "raw events", "following")
    picture = page.screenshot(path=tmp_path / "page.png")
    # A blank page of this size has less than 10 kB.
    assert len(picture) > 30_000
    page.keyboard.press("1")
    until(page, "endpointing")
    own = served.url.removeprefix("http://").rstrip("/")
    assert len(asked) > 3 and {httpx.URL(one).netloc.decode() for one in asked} == {own}


@needs("chromium")
def test_no_key_in_the_browser_changes_anything(opened: tuple[Page, list[str]], served: Served) -> None:
    page, _ = opened
    until(page, "V2V ≥")
    for number, screen in enumerate(SCREENS, 1):
        page.keyboard.press(str(number))
        until(page, f"[{number} ")
        for command in COMMANDS:
            if (command.danger or command.needs) and works_on(command, screen):
                for key in command.keys.split(","):
                    page.keyboard.press(PLAYWRIGHT_KEYS.get(key, key))
                    page.keyboard.press("y")
    page.keyboard.press("1")
    until(page, "endpointing")
    page.keyboard.press("t")
    until(page, REASON)
    assert contents(served.root) == served.before
    history = History(served.state / "timmy_tui/history.db", str(served.root))
    assert history.marks() == {} and history.changes() == [] and len(history.turns()) >= 24
    history.close()
    assert {Path(name).name.partition("-")[0] for name in contents(served.state)} <= {"history.db", "status.json"}


@needs("chromium")
def test_quitting_says_so_and_the_server_goes_on(opened: tuple[Page, list[str]], served: Served) -> None:
    page, _ = opened
    until(page, "V2V ≥")
    page.keyboard.press("1")
    page.keyboard.press("q")
    page.get_by_text("Open it again").click()
    until(page, "V2V ≥")
    assert served.process.poll() is None


def foreign_addresses(text: str) -> list[str]:
    """Addresses of other hosts in HTML, CSS or JavaScript, comments of CSS left out."""
    return ABSOLUTE.findall(COMMENT.sub("", text))


class Loads(HTMLParser):
    """Every value of an attribute that makes a browser load or go somewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = ("src", "href", "action", "data", "poster", "srcset", "content", "data-session-websocket-url")
        self.found += [value for name, value in attrs if value and name in names]


def test_page_and_its_files_name_no_other_address(served: Served) -> None:
    page = httpx.get(served.url).text
    own = served.url.removeprefix("http://").rstrip("/")
    loads = Loads(page).found
    assert f"ws://{own}/ws" in loads
    assert all(one.startswith(("/static/", "data:,")) for one in loads if one not in (f"ws://{own}/ws", "utf-8"))
    assert foreign_addresses(page.replace(f"ws://{own}", "")) == []
    folder = Path(textual_serve.__file__).parent / "static"
    texts = [path for path in folder.rglob("*") if path.suffix in (".css", ".js", ".html", ".svg")]
    assert len(texts) >= 2
    for path in texts:
        answer = httpx.get(f"{served.url}/static/{path.relative_to(folder).as_posix()}")
        assert answer.status_code == 200
        assert foreign_addresses(answer.text) == [], path.name


def test_the_librarys_own_page_asks_a_font_server() -> None:
    template = Path(textual_serve.__file__).parent / "templates/app_index.html"
    assert any("font" in address for address in foreign_addresses(template.read_text()))


def test_the_browser_is_told_to_load_from_this_page_alone(served: Served) -> None:
    policy = httpx.get(served.url).headers["Content-Security-Policy"]
    own = served.url.removeprefix("http://").rstrip("/")
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == ["'none'"] and rules["frame-ancestors"] == ["'none'"]
    words = {word for rule in rules.values() for word in rule if not word.startswith("'nonce-")}
    assert words == {"'none'", "'self'", "'unsafe-inline'", "data:", f"ws://{own}"}
    assert "'unsafe-inline'" not in rules["script-src"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "timmy.example:{port}"}, 403),
        ({"Host": "127.0.0.1"}, 403),
        ({"Host": "localhost:{port}"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:{port}"}, 403),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
    ],
)
def test_a_name_made_to_point_here_and_another_page_get_nothing(
    headers: Mapping[str, str], status: int, served: Served
) -> None:
    port = served.url.rpartition(":")[2].rstrip("/")
    sent = {name: value.replace("{port}", port) for name, value in headers.items()}
    assert httpx.get(served.url, headers=sent).status_code == status
    if status == 403:
        assert httpx.get(f"{served.url}/ws", headers={**sent, **UPGRADE}).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_addresses_of_this_machine_alone_are_served(host: str) -> None:
    assert loopback_address(host) in ("127.0.0.1", "127.1.2.3", "::1")


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.7", "128.0.0.1", "126.255.255.255", "timmy.lan", "127.0.0.1.evil.example", ""]
)
def test_any_other_is_refused_with_a_word(host: str) -> None:
    with pytest.raises(ServeError, match="is not an address of this machine alone"):
        loopback_address(host)


def test_the_command_refuses_too_and_says_what_else_works(tmp_path: Path) -> None:
    (tmp_path / "v34").mkdir()
    (tmp_path / "v34/config.py").touch()
    (tmp_path / "shared").mkdir()
    argv = [sys.executable, "-m", "timmy_tui", "serve", "--root", str(tmp_path), "--host", "0.0.0.0"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=50)
    assert done.returncode == 1 and done.stdout == ""
    assert "0.0.0.0 is not an address of this machine alone" in done.stderr and "ssh -L" in done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from timmy_tui.commands.shared.lazy_group import run
    from timmy_tui.commands.table import COMMANDS as TABLE

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "textual_serve" else real(name))
    monkeypatch.setattr(sys, "argv", ["timmy-tui", "serve"])
    errors: list[str] = []
    monkeypatch.setattr("timmy_tui.commands.shared.lazy_group.say_lines", lambda lines, err: errors.extend(lines))
    assert run(TABLE) == 1
    assert "pip install 'timmy-tui[serve]'" in " ".join(errors)


@pytest.mark.parametrize("kill", [False, True])
def test_the_end_of_the_server_is_the_end_of_its_dashboards(kill: bool, tmp_path: Path) -> None:
    one = Served(tmp_path)
    page = socket.create_connection(("127.0.0.1", httpx.URL(one.url).port or 0), timeout=40)
    own = one.url.removeprefix("http://").rstrip("/")
    lines = ["GET /ws?width=80&height=24 HTTP/1.1", f"Host: {own}", *(f"{name}: {UPGRADE[name]}" for name in UPGRADE)]
    page.sendall("\r\n".join([*lines, "", ""]).encode())
    received = b""
    while b"V2V" not in received:
        received += (more := page.recv(65_536))
        assert more
    (dashboard,) = psutil.Process(one.process.pid).children(recursive=True)
    if kill:
        one.process.kill()
        one.process.communicate()
    else:
        assert one.end() == ""
        assert one.process.returncode == 0
    assert psutil.wait_procs([dashboard], 20) == ([dashboard], [])
    page.close()
