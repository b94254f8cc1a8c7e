"""Files to change in tests, old enough that no write has to wait for the next whole second."""

import os
import subprocess
from pathlib import Path

from timmy_tui.control.edit.literal import Constant, Keyword

TEMPLATE = Path(__file__).parents[2] / "timmy_tui/demo/timmy/v34"
FULL = Constant("USE_FULL_MEGA_PROMPT")
CHUNKS = Constant("NUM_RETRIEVED_CHUNKS")
RAW = Keyword("generate_api_call", "raw")
CANARY = b"canary-7f3a-never-show-this"
"""The database password of the demo's config.py."""
CODE = ("shared/latency_tracker.py", "v34/app.py", "v34/config.py", "v34/llm.py")
"""The code files of ``lay_out``."""
LONG_AGO = 1_700_000_000


def aged(path: Path, data: bytes | None = None) -> Path:
    """``path`` with ``data``, last written long ago."""
    if data is not None:
        path.write_bytes(data)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def lay_out(root: Path) -> Path:
    """A root with the demo's config.py and app.py, and a little code in shared/."""
    (root / "v34").mkdir(parents=True)
    (root / "shared").mkdir()
    for name in ("config.py", "app.py", "llm.py"):
        aged(root / "v34" / name, (TEMPLATE / f"{name}.template").read_bytes())
    aged(root / "shared" / "latency_tracker.py", b"def log_line(line):\n    print(line)\n")
    aged(root / "shared" / "latency.log", b"{}\n")
    return root


def temps(folder: Path) -> list[str]:
    """Temp files left in a folder."""
    return [path.name for path in folder.iterdir() if path.suffix == ".tmp"]


def git(root: Path, *arguments: str) -> str:
    """The user's own git in a temporary repository."""
    settings = ["-c", "user.name=user", "-c", "user.email=user@localhost", "-c", "commit.gpgsign=false"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(root), *settings, *arguments], capture_output=True, text=True, env=environment, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def edit_unnoticed(path: Path, old: bytes, new: bytes) -> bytes:
    """Replace text and keep the file's times, as a copy with times does: no reloader notices it. The new bytes."""
    info, data = path.stat(), path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    return path.read_bytes()


def edit_chunks(config: Path) -> bytes:
    """The user's own edit: 9 retrieved chunks instead of 5. The new bytes."""
    new = config.read_bytes().replace(b"NUM_RETRIEVED_CHUNKS = 5", b"NUM_RETRIEVED_CHUNKS = 9")
    return aged(config, new).read_bytes()
