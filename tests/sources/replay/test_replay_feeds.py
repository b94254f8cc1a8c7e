"""A replay in its thread, one feed a file."""

import threading
from pathlib import Path

from tests.sources.replay.saved import event, logs, turn, write
from timmy_tui.sources.replay.player import QUEUE, Replay


def test_the_feeds_play_by_themselves_and_wait_for_a_late_consumer(tmp_path: Path) -> None:
    lines = [event(1000.0 + number, "a", "x" * 200) for number in range(40_000)]
    debug = write(tmp_path / "v34.log", turn("aaaa"))
    replay = Replay(logs(write(tmp_path / "latency.log", lines), debug), None)
    latency, v34 = replay.feeds
    assert (latency.name, latency.kind, v34.kind) == ("latency.log", "latency", "v34")
    news = threading.Event()
    latency.start(news.set)
    v34.start(news.set)
    got = [0, 0]
    while not replay.ended:
        assert news.wait(20)
        news.clear()
        for index, feed in enumerate(replay.feeds):
            got[index] += sum(len(batch.lines) for batch in feed.drain())
    assert latency.state.detail == "replay" or got[0] == 40_000, "ended, and not all of it was taken"
    got[0] += sum(len(batch.lines) for batch in latency.drain())
    got[1] += sum(len(batch.lines) for batch in v34.drain())
    assert got == [40_000, 5]
    assert latency.take_backlog() is None
    assert latency.state.lines == 40_000
    assert latency.state.detail == "replay ended"
    latency.stop()
    v34.stop()


def test_it_has_ended_for_a_consumer_that_has_taken_all(tmp_path: Path) -> None:
    """Who stops at the word would else go without the last lines: a picture of a conversation showed its first turn."""
    replay = Replay(logs(write(tmp_path / "latency.log", [event(1000.0, "a", "one")])), None)
    feed = replay.feeds[0]
    released = replay.poll()
    assert replay.finished and feed.state.detail == "replay", "released, and not with the feed"
    feed.put(released[0][1])
    replay.ended = True
    assert feed.state.detail == "replay", "with the feed, and not taken"
    assert len(feed.drain()) == 1
    assert feed.state.detail == "replay ended"


def test_a_late_consumer_holds_the_replay_up(tmp_path: Path) -> None:
    lines = [event(1000.0 + number, "a", "x" * 1000) for number in range((QUEUE + 3) * 1024)]
    replay = Replay(logs(write(tmp_path / "latency.log", lines)), None)
    feed = replay.feeds[0]
    full, more = threading.Event(), threading.Event()
    feed.start(lambda: (more if full.is_set() else full if feed.is_full else threading.Event()).set())
    assert full.wait(20)
    assert not more.wait(0.3)
    ahead = len([line for batch in feed.drain() for line in batch.lines])
    assert ahead < len(lines)
    assert more.wait(20)
    feed.stop()


def test_stopping_in_the_middle(tmp_path: Path) -> None:
    lines = [event(1000.0, "a", "one"), event(2000.0, "a", "two")]
    replay = Replay(logs(write(tmp_path / "latency.log", lines)), 1.0)
    news = threading.Event()
    replay.feeds[0].start(news.set)
    assert news.wait(20)
    replay.feeds[0].stop()
    assert not replay.finished
    assert len(replay.feeds[0].drain()) == 1
