"""One evil text in every field of every input that the program reads; fields are found by walking, not by a list."""

import json
import re
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.commands.timmy_folder import TimmyFolder
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions

FORMULA = "=HYPERLINK(1)"
EVIL = f"{FORMULA}\x1b]0;owned\x07\x1b[2J\x9b31m\x85\u202e\u2066\x7f\u2028\ufeff\U000e0041#(reboot)</script>[bold]"
"""Sets a title, clears the screen, turns text round, ends a script, is a formula, a command of tmux and a markup."""
EVIL_LINES = f"{EVIL}\nforged line\r"


def spoiled(value: Any, evil: str = EVIL_LINES, *keys: str) -> Any:
    """The same JSON, evil text behind every string: of ``keys``, or of all."""
    if isinstance(value, dict):
        return {
            key: evil + item if isinstance(item, str) and key in keys
            else spoiled(item, evil, *keys) if not keys or isinstance(item, dict | list) else item
            for key, item in value.items()
        }  # fmt: skip
    if isinstance(value, list):
        return [spoiled(item, evil, *keys) for item in value]
    return value + evil if isinstance(value, str) and not keys else value


def string_keys(value: Any) -> Iterator[str]:
    """Names of the fields that hold text."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from (key,) if isinstance(item, str) else string_keys(item)


def spoil_logs(folder: TimmyFolder) -> None:
    """Each field of the latency log in one turn after the other; v34's lines before, behind and inside their values."""
    log = folder.root / "shared/latency.log"
    events = [json.loads(line) for line in log.read_text().splitlines()]
    keys = sorted({key for event in events for key in string_keys(event)})
    turns = list(dict.fromkeys(event["request_id"] for event in events))
    lines = []
    for event in events:
        key = keys[turns.index(event["request_id"]) % (len(keys) + 1) - 1]
        lines.append(json.dumps(spoiled(event, EVIL_LINES, key)))
        lines.append(json.dumps({**event, "event": EVIL_LINES, "metadata": {EVIL: EVIL, "duration_ms": EVIL}}))
    log.write_text("\n".join(lines) + "\n")
    debug = folder.root / "testing-interface/logs/v34.log"
    turn, spoilt = 0, []
    for line in debug.read_text().split("\n"):
        turn += "BEGIN" in line
        forms = (line, line + EVIL, EVIL + line, re.sub(r"(?<=[=:] )\S+|(?<==)[^\s,\])]+", rf"\g<0>{EVIL}", line))
        spoilt.append(forms[turn % 4])
    debug.write_text("\n".join(spoilt))


def spoil_settings(folder: TimmyFolder) -> None:
    """Every text that settings, v34's files and a theme hold."""
    text = json.dumps(EVIL_LINES)  # JSON's escapes are TOML's, but for a surrogate
    settings = [f"[view]\ntheme = {text}\n[control]\nstrategy = 'command'\ncommand = [{text}]\n"]
    settings.append(f"[flags.own]\nname = 'OWN'\ntype = 'str'\nlabel = {text}\nmeaning = {text}\nwarning = {text}\n")
    settings.append(f"choices = [{text}]\n[services]\ntts = {json.dumps('http://127.0.0.1:9/' + EVIL)}\n")
    folder.settings.write_text("".join(settings).replace("\\ud", "\\uD").replace("\\uDb40\\uDc41", "\\U000e0041"))
    config = folder.root / "v34/config.py"
    config.write_text(f"{config.read_text()}OWN = {EVIL_LINES!r}\nMODEL_NAME = {EVIL_LINES!r}\nKEEP_ALIVE = {EVIL!r}\n")
    themes = folder.settings.parent / "themes"
    themes.mkdir()
    (themes / f"{EVIL.replace('/', '')}.toml").write_text(f"name = {text}\n".replace("\\u", "\\\\u"))


def spoil_stored_files(folder: TimmyFolder) -> None:
    """Every JSON file and JSON line in the state folder, and every text column and JSON of its databases."""
    for path in [path for path in folder.state.rglob("*") if path.is_file()]:
        if path.suffix in (".json", ".jsonl"):
            values = [json.loads(line) for line in path.read_text().splitlines()]
            keys = sorted({key for value in values for key in string_keys(value)} - {"root"})
            whole = [spoiled(value, EVIL_LINES, key) for value in values for key in keys] if len(values) > 1 else []
            path.write_text(
                "".join(json.dumps(value) + "\n" for value in whole or [spoiled(values[0], EVIL_LINES, *keys)])
            )
        elif path.suffix == ".db":
            spoil_database(path)
    save = {"at": time.time(), "line": EVIL_LINES, "tmux": EVIL_LINES, "root": str(folder.root)}
    (folder.state / "status.json").write_text(json.dumps(save))


def spoil_database(path: Path) -> None:
    """Every text of every row, also inside the JSON of its blobs, but for what says whose row it is."""
    database = sqlite3.connect(path)
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        for _, column, kind, *_ in database.execute(f"PRAGMA table_info({table})").fetchall():
            if kind == "TEXT" and column not in ("root", "key", "turn", "op"):
                database.execute(f"UPDATE {table} SET {column} = {column} || ?", (EVIL_LINES,))
            elif kind == "BLOB":
                rows = database.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
                for number, (row, data) in enumerate(rows):
                    value = json.loads(data)
                    keys = [*string_keys(value)]
                    new = spoiled(value, EVIL_LINES, keys[number % len(keys)]) if keys else value
                    database.execute(
                        f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (json.dumps(new).encode(), row)
                    )
    database.commit()
    database.close()


def spoil_numbers(folder: TimmyFolder, number: str) -> None:
    """Every number of what is stored is another: in a copy of each JSON line, in a JSON file, in a column."""
    for path in [path for path in folder.state.rglob("*") if path.is_file()]:
        if path.suffix == ".jsonl":
            lines = [line for line in path.read_text().splitlines() if line]
            spoilt = [re.sub(r"(?<=:)-?\d[\d.e+-]*", number, line) for line in lines]
            path.write_text("\n".join(line for pair in zip(lines, spoilt, strict=True) for line in pair) + "\n")
        elif path.suffix == ".json":
            path.write_text(re.sub(r"(?<=: )-?\d[\d.e+-]*|(?<=:)-?\d[\d.e+-]*", number, path.read_text()))
        elif path.suffix == ".db":
            spoil_numbers_of_database(path, number)


def spoil_numbers_of_database(path: Path, number: str) -> None:
    """In every second row: each number of its JSON, and each column that holds one, but for the turn's name."""
    with closing(sqlite3.connect(path)) as database, database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for _, column, kind, *_ in database.execute(f"PRAGMA table_info({table})").fetchall():
                if kind in ("REAL", "INTEGER") and column not in ("number", "id"):
                    value = float(number) if len(number) < 9 else number
                    database.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid % 2", (value,))
                elif kind == "BLOB":
                    rows = database.execute(f"SELECT rowid, {column} FROM {table} WHERE rowid % 2").fetchall()
                    for row, data in rows:
                        new = re.sub(rb"(?<=:)-?\d[\d.e+-]*", number.encode(), data)
                        database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (new, row))


def spoil_git(folder: TimmyFolder) -> None:
    """A tag whose message is evil."""
    run = ["git", "-c", "user.name=x", "-c", "user.email=x", "-C", str(folder.root)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", EVIL], ["tag", "-am", EVIL_LINES, "evil-tag"]):
        subprocess.run([*run, *arguments], check=True, capture_output=True)


@contextmanager
def evil_services() -> Iterator[str]:
    """A URL where every answer of Ollama, and some of v34, has evil behind each text; other services get the same."""
    with OllamaStandIn(StandInOptions(speed=1000)) as ollama:
        ollama.engine.load(8000)
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Evil", (_EvilHandler,), {"origin": ollama.url}))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _EvilHandler(BaseHTTPRequestHandler):
    origin = ""

    def do_GET(self) -> None:
        import httpx

        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length) or None
        answer = httpx.request(self.command, self.origin + self.path, content=body, timeout=20)
        lines = answer.text.splitlines() if answer.status_code == 200 else ['{"status": "ok", "error": "no"}']
        data = "\n".join(json.dumps(spoiled(json.loads(line))) for line in lines if line.strip()).encode()
        self.send_response(200 if self.path != "/api/error" else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass
