"""``export --otlp``: turns of the history that a collector has not got, with the ids that a dashboard gives them."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.commands.reporting import run
from tests.commands.timmy_folder import TimmyFolder, make_timmy
from tests.telemetry.prometheus_server import free_port
from tests.telemetry.receiver import Receiver, Reply, receiving
from tests.telemetry.test_otlp import exporting, root_of
from tests.telemetry.turns import GOLDEN, new_turns, reuse_of, snapshot_of
from timmy_tui.telemetry.catch_up import Sent, send_turns
from timmy_tui.telemetry.otlp import OtlpOptions
from timmy_tui.telemetry.told_turns import ToldTurns


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.telemetry.catch_up.PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr("timmy_tui.telemetry.catch_up.BATCH", 4)


def send(port: int, told: ToldTurns, turns: Any = GOLDEN) -> Sent:
    told.hold()
    reuse = {turn.ordinal: reuse_of(turn) for turn in turns}
    sent = send_turns(turns, lambda: reuse, told, "/timmy", OtlpOptions(f"http://127.0.0.1:{port}"))
    told.release()
    return sent


def test_each_turn_goes_out_once_and_no_metrics_do(receiver: Receiver, tmp_path: Path) -> None:
    sent = send(receiver.port, ToldTurns(tmp_path / "turns"))
    assert sent == Sent(taken=14)
    assert (sent.is_whole, sent.sentence) == (True, "14 turns sent, 0 were there")
    assert len(receiver.traces()) == 14 and not receiver.metrics
    assert {root_of(spans).attributes["timmy.reuse"] for spans in receiver.traces().values()} == {"measured"}
    again = send(receiver.port, ToldTurns(tmp_path / "turns"))
    assert again == Sent(present=14)
    assert len(receiver.batches) == 4


def test_a_dashboard_and_the_history_give_a_turn_the_same_ids(receiver: Receiver, tmp_path: Path) -> None:
    """What one has sent the other does not; and where each has a file of its own, nothing is there twice."""
    turns = new_turns(3)
    with exporting(receiver.port, ToldTurns(tmp_path / "turns")) as exporter:
        exporter.observe(snapshot_of(turns[:2]))
        receiver.wait(lambda seen: len(seen.traces()) == 2)
    stored = [replace(turn, number=90 + turn.ordinal, ordinal=turn.ordinal + 1) for turn in turns]
    assert send(receiver.port, ToldTurns(tmp_path / "turns"), stored) == Sent(taken=1, present=2)
    ids = set(receiver.traces())
    assert send(receiver.port, ToldTurns(tmp_path / "other"), stored) == Sent(taken=3)
    assert set(receiver.traces()) == ids


def test_what_is_refused_is_counted_and_the_next_batch_is_tried(receiver: Receiver, tmp_path: Path) -> None:
    receiver.replies = [Reply(413)]
    sent = send(receiver.port, ToldTurns(tmp_path / "turns"))
    assert sent == Sent(taken=10, refused=4, words="413 Request Entity Too Large")
    assert not sent.is_whole
    assert sent.sentence == "10 turns sent, 0 were there, 4 refused: 413 Request Entity Too Large"
    assert send(receiver.port, ToldTurns(tmp_path / "turns")) == Sent(taken=4, present=10)


def test_one_that_is_busy_is_tried_again_and_one_that_stays_so_gets_the_rest_later(
    receiver: Receiver, tmp_path: Path
) -> None:
    receiver.replies = [Reply(503), Reply(503), Reply(), Reply(503), Reply(503), Reply(503)]
    sent = send(receiver.port, ToldTurns(tmp_path / "turns"))
    assert sent == Sent(taken=4, unsent=10, words="503 Service Unavailable")
    assert sent.sentence == "4 turns sent, 0 were there, 10 not sent: 503 Service Unavailable"
    assert send(receiver.port, ToldTurns(tmp_path / "turns")) == Sent(taken=10, present=4)


def test_a_turn_without_a_time_is_not_sent_and_is_no_failure(receiver: Receiver) -> None:
    untimed = replace(GOLDEN[0], ordinal=99, started=None, request_id="aaaaaaaa")
    sent = send(receiver.port, ToldTurns(None), [GOLDEN[1], untimed])
    assert sent == Sent(taken=1, untimed=1)
    assert (sent.is_whole, sent.sentence) == (True, "1 turn sent, 0 were there, 1 without a time")


@pytest.fixture
def timmy(tmp_path: Path) -> TimmyFolder:
    return make_timmy(tmp_path, turns=6)


def export(folder: TimmyFolder, *arguments: str, code: int = 0) -> str:
    env = {**os.environ, **folder.environment}
    return run("export", "--root", str(folder.root), *arguments, code=code, env=env)


def test_the_command_sends_the_history_and_says_what_became_of_it(timmy: TimmyFolder, receiver: Receiver) -> None:
    url = f"http://127.0.0.1:{receiver.port}"
    timmy.settings.write_text(f"{timmy.settings.read_text()}\n[otel]\nendpoint = '{url}'\n")
    future = time.strftime("%Y-%m-%dT%H:%M", time.localtime(time.time() + 3600))
    assert export(timmy, "--otlp", "--since", future) == f"{url}: 0 turns sent, 0 were there\n"
    said = export(timmy, "--otlp")
    turns = len(receiver.traces())
    assert turns >= 6
    assert said == f"{url}: {turns} turns sent, 0 were there\n"
    (timmy.root / "shared" / "latency.log").unlink()
    assert export(timmy, "--otlp") == f"{url}: 0 turns sent, {turns} were there\n"


def test_a_collector_that_is_away_is_a_line_and_an_exit_code(timmy: TimmyFolder) -> None:
    timmy.settings.write_text(
        f"{timmy.settings.read_text()}\n[otel]\nendpoint = 'http://u:p@127.0.0.1:{free_port()}'\n"
    )
    said = export(timmy, "--otlp", code=1)
    assert "0 turns sent, 0 were there" in said and "not sent: cannot be reached" in said
    assert "u:p" not in said and "Traceback" not in said


def test_logs_of_another_place_are_not_sent(tmp_path: Path) -> None:
    assert "leave --log away" in run("export", "--otlp", "--log", str(tmp_path), code=2)
