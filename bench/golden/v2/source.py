"""What little_timmy_v2's source says of its log: every template and the configuration are read from it."""

import ast
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "exception": 40}


@dataclass(frozen=True, slots=True)
class Template:
    """One call of a logger in the source."""

    logger: str
    level: int
    text: str
    """With %-placeholders."""


class Source:
    """A checkout (a folder), or a git directory, of little_timmy_v2. Raises FileNotFoundError."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._git = (place / "HEAD").exists() and not (place / "main.py").exists()
        if not self._git and not (place / "main.py").exists():
            raise FileNotFoundError(place / "main.py")

    def commit(self) -> str:
        """Hash of what is read; ``unknown`` where the folder is not of git."""
        where = [f"--git-dir={self._place}"] if self._git else ["-C", str(self._place)]
        done = subprocess.run(["git", *where, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
        return done.stdout.strip() or "unknown"

    @cache  # noqa: B019 (one object a run)
    def tree(self, file: str) -> ast.Module:
        """The parsed module ``file``."""
        if self._git:
            command = ["git", f"--git-dir={self._place}", "show", f"HEAD:{file}"]
            return ast.parse(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        return ast.parse((self._place / file).read_text("utf-8"))

    def template(self, file: str, begin: str) -> Template:
        """The call in ``file`` whose text begins so. Raises LookupError where there is none, or more than one text."""
        found = {one for one in self._templates(file) if one.text.startswith(begin)}
        if len(found) != 1:
            raise LookupError(f"{len(found)} calls of a logger in {file} begin with {begin!r}")
        return found.pop()

    def logging_configuration(self) -> dict[str, str]:
        """``format`` and ``datefmt`` of ``logging.basicConfig`` in main.py."""
        for node in ast.walk(self.tree("main.py")):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.basicConfig":
                words = {one.arg: one.value for one in node.keywords}
                return {key: ast.literal_eval(words[key]) for key in ("format", "datefmt")}
        raise LookupError("logging.basicConfig")

    def constant(self, file: str, name: str) -> Any:
        """Value of a literal that ``file`` assigns to ``name`` at its top level."""
        for node in self.tree(file).body:
            if isinstance(node, ast.Assign) and any(ast.unparse(target) == name for target in node.targets):
                return ast.literal_eval(node.value)
        raise LookupError(name)

    def statistics(self) -> dict[str, Callable[..., Any]]:
        """The functions of web/app.py that make the figures of [PERF-AGG]: the real ones, run as they are."""
        wanted = {"_percentile", "_series_summary", "record_stage", "record_turn_stats", "latency_stats_snapshot"}
        values = {"_metrics", "_stats", "_stats_counts", "_STATS_WINDOW"}
        body = [node for node in self.tree("web/app.py").body if _defines(node) & (wanted | values)]
        names: dict[str, Any] = {}
        exec("from collections import defaultdict, deque", names)
        exec(compile(ast.Module(body=body, type_ignores=[]), "web/app.py", "exec"), names)
        return {name: names[name] for name in wanted}

    def _templates(self, file: str) -> Iterator[Template]:
        tree = self.tree(file)
        name = file.removesuffix(".py").replace("/", ".")
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger" and node.args:
                first = node.args[0]
                name = first.value if isinstance(first, ast.Constant) else name
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            level, first = LEVELS.get(node.func.attr), node.args[0]
            if level and ast.unparse(node.func.value) == "log" and isinstance(first, ast.Constant):
                yield Template(name, level, str(first.value))


def _defines(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    if isinstance(node, ast.AnnAssign):
        return {ast.unparse(node.target)}
    if isinstance(node, ast.Assign):
        return {ast.unparse(target) for target in node.targets}
    return set()
