"""Stand-ins for systemctl and sudo on a PATH of their own: a unit that restarts, refuses, fails or is slow.

A folder holds what they know: ``pid`` is the unit's main process, ``state`` what systemd calls it, ``asked`` each call.
"""

import os
import subprocess
import sys
from pathlib import Path

SYSTEMCTL = """#!{python}
import os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path({folder!r})
with (folder / "asked").open("a") as asked:
    asked.write("systemctl " + " ".join(sys.argv[1:]) + "\\n")
words = [word for word in sys.argv[1:] if not word.startswith("-")]
if words[0] == "show":
    pid, state = (folder / "pid").read_text(), (folder / "state").read_text()
    loaded = "loaded" if words[1] == "little-timmy.service" else "not-found"
    print(f"LoadState={{loaded}}\\nActiveState={{state}}\\nMainPID={{pid}}")
elif words[0] == "restart":
    if os.environ.get("LC_TIMMY_UID") != "0" and "as root" not in os.environ.get("LC_AS", ""):
        sys.exit("Interactive authentication required.")
    how = (folder / "how").read_text()
    if how == "slow":
        time.sleep(60)
    if how == "fails":
        print("Job for little-timmy.service failed because the control process exited with error code.")
        (folder / "state").write_text("failed")
        (folder / "pid").write_text("0")
        sys.exit(1)
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
    child = subprocess.Popen(["{sleep}", "300"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (folder / "pid").write_text(str(child.pid))
    (folder / "state").write_text("failed" if how == "dies" else "active")
"""
SUDO = """#!{python}
import os, pathlib, sys
folder = pathlib.Path({folder!r})
with (folder / "asked").open("a") as asked:
    asked.write("sudo " + " ".join(sys.argv[1:]) + "\\n")
words = sys.argv[1:]
if "-n" not in words:
    sys.stdin.read()
    open("/dev/tty").read()
words = [word for word in words if word not in ("-n", "-l")]
if not (folder / "allowed").exists():
    sys.exit("sudo: a password is required")
if "-l" in sys.argv:
    print("/usr/bin/" + " ".join(words))
else:
    os.environ["LC_AS"] = "as root"
    os.execvp(words[0], words)
"""


class Programs:
    """The programs, and what they know."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "bin"
        self.path.mkdir(parents=True)
        names = {"python": sys.executable, "folder": str(folder), "sleep": "/usr/bin/sleep"}
        for name, text in (("systemctl", SYSTEMCTL), ("sudo", SUDO)):
            program = self.path / name
            program.write_text(text.format(**names))
            program.chmod(0o755)
        self._first = subprocess.Popen(["/usr/bin/sleep", "300"])
        self.set("pid", str(self._first.pid))
        self.set("state", "active")
        self.set("how", "works")
        (folder / "asked").touch()

    def set(self, name: str, value: str) -> None:
        (self.folder / name).write_text(value)

    def allow(self) -> None:
        """The user may restart the unit without a password."""
        self.set("allowed", "")

    @property
    def pid(self) -> int:
        """Of the unit's main process; 0 for none."""
        return int((self.folder / "pid").read_text())

    @property
    def asked(self) -> list[str]:
        """Every call, in order."""
        return (self.folder / "asked").read_text().splitlines()

    @property
    def restarts(self) -> list[str]:
        """The calls that would have restarted something."""
        return [call for call in self.asked if " restart " in call and call.startswith("sudo") and " -l " not in call]

    def end(self) -> None:
        """End the unit's processes."""
        for pid in {self.pid, self._first.pid} - {0}:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                continue
        self._first.wait()
