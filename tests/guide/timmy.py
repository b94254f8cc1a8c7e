"""Little Timmy as the guide to its KV cache finds it: a repository with its tag, a panel, a voice and a web chat."""

import http.client
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.control.services import DemoV34, FakePanel
from tests.control.shell import Shell
from tests.control.timmy_files import git
from tests.waiting import wait_for
from timmy_tui.demo.v34.server import TYPED_PATH

TAG = "before-kv-cache-fix"
"""The guide's restore point."""
QUICK = "[control]\nrollback_countdown_s = 0.1\n"
IGNORED = {
    "shared": "latency.log*\n",
    "testing-interface": "logs/\n",
    "v34": "payloads.txt\n",
    ".": "__pycache__/\ndemo/\nollama/\n",
}
"""What the repository does not hold; as upstream's ``.gitignore`` files say it."""


class GuidedTimmy:
    """A Timmy that is talked to, and the shell of its user, who has the guide in hand."""

    def __init__(self, v34: DemoV34, panel: FakePanel, folder: Path) -> None:
        self.v34, self.panel, self.root = v34, panel, v34.root
        self.shell = Shell(self.root, folder, QUICK)
        self.ran: list[str] = []
        """Commands of timmy-tui that ended well."""

    def run(self, *command: str, code: int = 0) -> str:
        """A command of timmy-tui to its end; what it printed, its line breaks taken out."""
        done = self.shell.run(*command)
        assert done.returncode == code, (command, done.stdout, done.stderr)
        self.ran.append(" ".join(command))
        return re.sub(r"\n +", " ", done.stdout)

    def restart_by_panel(self) -> None:
        """From now on v34 is restarted by the control panel."""
        self.shell.write_settings(f'{QUICK}strategy = "panel"\n[services]\npanel = "{self.panel.url}"\n')

    # -- a conversation

    def talk(self, turns: int) -> None:
        """Wait until so many more spoken turns are over."""
        wait_for(self.speeches)
        end = self.speeches() + turns
        wait_for(lambda: self.speeches() >= end)

    def speeches(self) -> int:
        """Replies that Timmy has spoken."""
        log = self.root / "shared/latency.log"
        return log.read_bytes().count(b'"tts_resume_sent"') if log.exists() else 0

    def type(self, text: str) -> str:
        """A turn in the web chat; the reply."""
        with closing(http.client.HTTPConnection(str(urlsplit(self.v34.url).netloc), timeout=20)) as connection:
            connection.request("POST", TYPED_PATH, json.dumps({"text": text}), {"Content-Type": "application/json"})
            return str(json.loads(connection.getresponse().read())["response"])

    # -- what the guide looks at

    def criteria(self) -> dict[str, tuple[str, str]]:
        """Verdict and value, or reason, by the key of the criterion."""
        printed = json.loads(self.run("criteria", "--json"))
        return {item["key"]: (item["verdict"], item["because"] or item["value"]) for item in printed["criteria"]}

    def grepped(self, last: int = 5) -> list[int]:
        """``grep "Returned context length" …/*.log | tail -LAST``."""
        logs = sorted(self.root.glob("*/*.log")) + sorted(self.root.glob("testing-interface/logs/*.log"))
        found = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
        return [int(line.split(":")[-1]) for line in found if "Returned context length" in line][-last:]

    def code(self, revision: str = "") -> dict[str, bytes]:
        """The code files on disk, or of a revision."""
        names = git(self.root, "ls-files", "*.py").split()
        if not revision:
            return {name: (self.root / name).read_bytes() for name in names}
        return {name: git(self.root, "show", f"{revision}:{name}").encode() for name in names}


@contextmanager
def guided_timmy(folder: Path) -> Iterator[GuidedTimmy]:
    """One that is running, in ``folder``, as the guide's step 1 leaves it."""
    root = folder / "timmy-backend/little-timmy"
    with DemoV34(root, speed=20.0, work_speed=4.0) as v34, FakePanel(v34) as panel:
        for name, text in IGNORED.items():
            (root / name / ".gitignore").write_text(text)
        git(root, "init", "-q", "-b", "main")
        git(root, "add", "-A")
        git(root, "commit", "-qm", "working")
        git(root, "tag", TAG)
        yield GuidedTimmy(v34, panel, folder / "home")


def checkout(root: Path, *arguments: str) -> None:
    """The user's own ``git checkout``."""
    subprocess.run(["git", "-C", str(root), "checkout", "-q", *arguments], check=True, timeout=30)
