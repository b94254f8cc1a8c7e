"""Every background thread has the guard of core/running/threads.py: one that is started otherwise can end unseen."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "timmy_tui"
GUARD = PACKAGE / "core/running/threads.py"
STAND_IN = PACKAGE / "demo"
"""Processes of their own, which stand for Timmy's: an exception there is the service's, and may show as such."""
STARTERS = {
    "Thread", "Timer", "_DummyThread", "start_new_thread", "start_new", "start_joinable_thread", "ThreadPoolExecutor",
    "ThreadPool", "ThreadingMixIn", "ThreadingTCPServer", "ThreadingHTTPServer", "to_thread", "run_in_executor",
    "run_sync", "call_from_thread_pool",
}  # fmt: skip
"""Names of the standard library, and of libraries used here, that start a thread."""


def starts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of everything that starts a thread; a type in an annotation starts none."""
    annotations = {
        id(part)
        for node in ast.walk(tree)
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if annotation is not None
        for part in ast.walk(annotation)
    }
    for node in ast.walk(tree):
        if id(node) in annotations:
            continue
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in STARTERS:
                yield node.lineno, name
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, one.name) for one in node.names if one.name in STARTERS and one.asname)
        elif isinstance(node, ast.keyword) and node.arg == "thread" and not is_false(node.value):
            yield node.value.lineno, "thread="
        elif isinstance(node, ast.Constant) and node.value in STARTERS and isinstance(node.value, str):
            yield node.lineno, f"{node.value!r}"


def is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_no_thread_is_started_without_the_guard() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != GUARD and STAND_IN not in path.parents
        for line, name in starts(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_the_guard_itself_starts_threads() -> None:
    assert {name for _, name in starts(ast.parse(GUARD.read_text(encoding="utf-8")))} == {"Thread", "Timer"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("threading.Thread(target=f).start()", ["Thread"]),
        ("Thread(target=f).start()", ["Thread"]),
        ("make = threading.Thread", ["Thread"]),
        ("from threading import Thread as T", ["Thread"]),
        ("class Mine(threading.Thread): pass", ["Thread"]),
        ("threading.Timer(1, f)", ["Timer"]),
        ("_thread.start_new_thread(f, ())", ["start_new_thread"]),
        ("await asyncio.to_thread(f)", ["to_thread"]),
        ("loop.run_in_executor(None, f)", ["run_in_executor"]),
        ("self.run_worker(f, thread=True)", ["thread="]),
        ("@work(thread=True)\ndef f(): pass", ["thread="]),
        ("getattr(threading, 'Thread')(target=f)", ["'Thread'"]),
        ("ThreadPoolExecutor(2)", ["ThreadPoolExecutor"]),
        ("self._thread: threading.Thread | None = None", []),
        ("def f(thread: threading.Thread) -> threading.Timer: ...", []),
        ("self.run_worker(f, thread=False)", []),
        ("guarded_thread('x', f).start()", []),
    ],
)
def test_what_starts_a_thread(text: str, names: list[str]) -> None:
    assert [name for _, name in starts(ast.parse(text))] == names
