"""The wheel carries all it needs and works in an environment that has never seen this folder."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_themes_templates_and_types_are_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for theme in (ROOT / "themes").glob("*.toml"):
        assert f"timmy_tui/themes/{theme.name}" in names
    for template in (ROOT / "timmy_tui/demo/timmy").rglob("*.template"):
        assert str(template.relative_to(ROOT)) in names
    assert {"timmy_tui/py.typed", "timmy_tui/bootstrap/web_page/app_index.html"} <= names
    assert not [name for name in names if name.startswith(("tests/", "bench/"))]


def install(python: Path, *what: str) -> None:
    """By uv where it is present, and by this environment's pip where not: an own pip would have to be installed first.

    Nothing is compiled: two short calls import a tenth of it.
    """
    ways = [["uv", "pip", "install", "--python", str(python)]] if shutil.which("uv") else []
    ways.append([sys.executable, "-m", "pip", "--python", str(python), "install", "--no-compile"])
    for way in ways:
        done = subprocess.run([*way, "--quiet", *what], capture_output=True, text=True)
        if done.returncode == 0:
            return
    raise AssertionError(done.stderr)


@pytest.mark.timeout(600)
def test_installed_in_a_fresh_environment_it_reports(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env")
    python = tmp_path / "env/bin/python"
    install(python, "-c", str(ROOT / "constraints.txt"), str(wheel))
    log = ROOT / "tests/data/latency.log"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [tmp_path / "env/bin/timmy-tui", "report", "--log", str(log), "--json"],
        cwd=tmp_path, env=environ, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert len(json.loads(done.stdout)["turns"]) == 14
    code = "from timmy_tui.ui.paint.themes import load_themes; print(sorted(load_themes()[0]))"
    printed = subprocess.run(
        [python, "-c", code], cwd=tmp_path, env=environ, check=True, capture_output=True, text=True
    )
    for theme in (ROOT / "themes").glob("*.toml"):
        assert theme.stem in printed.stdout
