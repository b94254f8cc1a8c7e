"""The comparison with upstream: what it says without a checkout, and what its side of the demo measures."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.upstream.check import conversation, main, spacings, waits
from bench.upstream.demo import run_demo
from bench.upstream.world import Experiment


def test_without_a_path_it_is_skipped_with_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("skipped")


def test_a_folder_that_is_no_checkout_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "not a checkout of upstream" in capsys.readouterr().out


def test_a_loop_that_never_writes_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A checkout whose loop only sleeps: the comparison must end, and say that it differs."""
    for folder, name, text in (
        ("shared", "latency_tracker", "def log_timing(*_): pass"),
        ("stt-server-v17", "transcript_manager", ""),
        (
            "stt-server-v17",
            "timmy_hears",
            "import requests, time\ndef transcribe_audio(app):\n    while True:\n        app.sleep(0.1)\n",
        ),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.py").write_text(text)
    assert main([str(tmp_path)]) == 1
    assert "differs" in capsys.readouterr().out


def test_the_demo_s_side_measures_spacing_and_wait() -> None:
    experiment = Experiment(0.2)
    _, quiet = run_demo(replace(experiment, quiet_s=60.0))
    assert all(0.78 < spacing < 0.82 for spacing in spacings(quiet))
    measured = waits(*run_demo(conversation(experiment, 20)))
    assert len(measured) == 20
    assert min(measured) > 0.5 + 0.98 * 0.2
