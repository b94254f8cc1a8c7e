"""Ollama's lines of every generation, the lines nearest to them, and the figures put together from several."""

import re
import time

import pytest

from timmy_tui.model.llm import ServedPrompt
from timmy_tui.parse import ollama_patterns
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.parse.ollama_patterns import PATTERNS, is_generation, match_line, parse_time
from timmy_tui.parse.ollama_prefix import strip_prefixes

HEAD = "time=2025-10-03T13:22:30.008+02:00 level=DEBUG source=x.go:1 msg="

LINES: dict[str, tuple[str, dict[str, str]]] = {
    HEAD + '"loading cache slot" id=0 cache=26 prompt=40 used=26 remaining=14': (
        "slot", {"prompt": "40", "reused": "26", "evaluated": "14"},
    ),
    HEAD + '"truncating input prompt" limit=2048 prompt=3940 keep=5 new=2048': (
        "truncated", {"limit": "2048", "before": "3940", "after": "2048"},
    ),
    HEAD + '"Listening on 127.0.0.1:11434 (version 0.12.11)"': ("listening", {"version": "0.12.11"}),
    HEAD + '"Listening on [::]:11434 (version 0.0.0-dev+x)"': ("listening", {"version": "0.0.0-dev+x"}),
    HEAD + '"server config" env="map[OLLAMA_DEBUG:true]"': ("config", {"env": 'map[OLLAMA_DEBUG:true]"'}),
    HEAD + '"server config" env=map': ("config", {"env": "map"}),
    HEAD + 'load request="{Operation:commit LoraPath:[] KvSize:8000 KvCacheType:}"': ("starting", {"num_ctx": "8000"}),
    HEAD + '"starting llama-server" cmd="llama-server -m x -c 32768 -np 1"': ("starting", {"num_ctx": "32768"}),
    HEAD + '"starting runner" cmd=x': ("starting", {}),
    HEAD + '"starting llama server" cmd="x -c 1"': ("starting", {"num_ctx": "1"}),
    HEAD + '"llama runner started in 1.76 seconds"': ("started", {"seconds": "1.76"}),
    HEAD + '"llama-server started in 2 seconds" x=1': ("started", {"seconds": "2"}),
    HEAD + '"runner expired event received" runner=x': ("unloading", {}),
    HEAD + '"stopping llama server" pid=1': ("unloading", {}),
    HEAD + '"stopping llama-server"': ("unloading", {}),
    HEAD + '"context limit hit - shifting" id=0': ("shifting", {}),
    HEAD + '"the context field is deprecated and will be removed"': ("deprecated", {}),
    HEAD + '"the context field is deprecated"': ("deprecated", {}),
    HEAD + '"aborting completion request due to client closing the connection"': ("aborted", {}),
    "slot launch_slot_: id  0 | task 164 | processing task, is_child = 0": ("launched", {"task": "164"}),
    "slot   operator(): id  0 | task 164 | new prompt, n_ctx_slot = 2048, n_keep = 4, task.n_tokens = 1978": (
        "prompt", {"task": "164", "num_ctx": "2048", "prompt": "1978"},
    ),
    "slot   operator(): id  0 | task 164 | cached n_tokens = 36, memory_seq_rm [36, end)": (
        "cached", {"task": "164", "reused": "36"},
    ),
    "slot print_timing: id  0 | task 164 | prompt eval time =     420.97 ms /  1942 tokens (0.22 ms per token)": (
        "timing", {"task": "164", "ms": "420.97", "evaluated": "1942"},
    ),
    "slot print_timing: id  0 | task 1 | \x1b[32mprompt eval time =1 ms /2 tokens": (
        "timing", {"task": "1", "ms": "1", "evaluated": "2"},
    ),
    "slot print_timing: id  0 | task 35 | ": ("timing of", {"task": "35"}),
    "prompt eval time =     182.78 ms /   237 tokens (    0.77 ms per token)": (
        "figures", {"ms": "182.78", "evaluated": "237"},
    ),
    "slot update_slots: id  0 | task 35 | new prompt, n_ctx_slot = 16384, n_keep = 0, n_prompt_tokens = 422": (
        "prompt", {"task": "35", "num_ctx": "16384", "prompt": "422"},
    ),
    "slot update_slots: id  0 | task 35 | kv cache rm [185, end)": ("cached", {"task": "35", "reused": "185"}),
    "slot update_slots: id  0 | task 9 | n_tokens = 15767, memory_seq_rm [15767, end)": (
        "cached", {"task": "9", "reused": "15767"},
    ),
    HEAD + '"cache hit" total=633 matched=68 cached=60 left=573': (
        "slot", {"prompt": "633", "reused": "60", "evaluated": "573"},
    ),
    HEAD + '"Cache hit" total=633 cached=68 left=565': ("slot", {"prompt": "633", "reused": "68", "evaluated": "565"}),
    HEAD + '"cache miss" total=337 matched=0 cached=0 left=337': (
        "slot", {"prompt": "337", "reused": "0", "evaluated": "337"},
    ),
    HEAD + '"Cache miss" left=337': ("slot", {"evaluated": "337"}),
    HEAD + '"cache restore" total=633 matched=68 restored=60 left=573': (
        "slot", {"prompt": "633", "reused": "60", "evaluated": "573"},
    ),
    HEAD + '"starting runner" cmd="x -c 12x"': ("starting", {}),
    "srv  get_availabl: prompt cache update took 29.91 ms": ("restored", {"ms": "29.91"}),
    "slot get_availabl: id  0 | task -1 | selected slot by LCP similarity, sim_best = 0.948 (> 0.100 thold)": ("", {}),
    "slot get_availabl: id  0 | task 7 | selected slot by LCP similarity, sim_best = 0.948 (> 0.100 thold)": (
        "similar", {"task": "7", "share": "0.948"},
    ),
    "slot get_availabl: id  0 | task 7 | selected, f_sim_best = 0.948": ("similar", {"task": "7", "share": "0.948"}),
    "DEBUG [update_slots] slot progression | ga_i=0 n_past=30 n_past_se=0 n_prompt_tokens_processed=12": (
        "progress", {"reused": "30", "evaluated": "12"},
    ),
    "DEBUG slot progression | n_past=30 n_prompt_tokens_processed=12 slot_id=0 task_id=7 tid=\"1\" timestamp=99": (
        "progress", {"reused": "30", "evaluated": "12", "task": "7", "at": "99"},
    ),
    "DEBUG kv cache rm [p0, end) | p0=30 slot_id=0 task_id=7 timestamp=99": (
        "removed", {"reused": "30", "task": "7", "at": "99"},
    ),
    "DEBUG kv cache rm [p0, end) | p0=0": ("removed", {"reused": "0"}),
    "INFO [update_slots] input truncated | n_ctx=2048 n_erase=1300": ("truncated", {"limit": "2048"}),
    '[GIN] 2024/11/04 - 21:54:31 | 200 |   15.2285805s |             ::1 | POST     "/api/chat"': (
        "access", {"at": "2024/11/04 - 21:54:31", "status": "200", "duration": "15.2285805s", "method": "POST",
                   "path": "/api/chat"},
    ),
    '[GIN] 2024/11/04 - 21:54:31 |404 |33µs |::1 | GET "/"': (
        "access", {"at": "2024/11/04 - 21:54:31", "status": "404", "duration": "33µs", "method": "GET", "path": "/"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("line", "told"), LINES.items(), ids=[line[-50:] for line in LINES])
def test_each_line_as_ollama_prints_it(line: str, told: tuple[str, dict[str, str]]) -> None:
    fact = match_line(line)
    if not told[0]:
        assert fact is None
        return
    assert fact is not None
    values = {name: value for name, value in fact.values.items() if name != "at" or not line.startswith("time=")}
    assert (fact.kind, values) == told
    if line.startswith("time="):
        assert fact.values["at"] == "2025-10-03T13:22:30.008+02:00"


@pytest.mark.parametrize("line", LINES, ids=[line[-50:] for line in LINES])
def test_a_line_that_lacks_a_figure_is_not_read_as_one_with_an_empty_figure(line: str) -> None:
    """Each figure in turn is taken out: then the line is another one, or says less. A path may be empty."""
    figures = [found.span(name) for found in (pattern.regex.search(line) for pattern in PATTERNS) if found is not None
               for name in found.groupdict() if name not in ("path", "env")]  # fmt: skip
    for start, end in figures:
        fact = match_line(line[:start] + line[end:])
        assert fact is None or "" not in {text for key, text in fact.values.items() if key not in ("path", "env")}


def test_every_pattern_says_which_versions_write_it() -> None:
    """From one to another, from one on, all, or what a log with debug lines has."""
    assert match_line("") is None
    for pattern in PATTERNS:
        assert re.fullmatch(r"(all|debug|0\.\d+(\+|–0\.\d+)(, debug)?)", pattern.era), pattern.kind
    assert {pattern.kind for pattern in PATTERNS} == {kind for kind, _ in LINES.values() if kind}


@pytest.mark.parametrize(
    "line",
    [
        HEAD + '"loading cache slots" id=0 prompt=40 used=26 remaining=14',
        HEAD + '"loading cache slot"id=0 prompt=40 used=26 remaining=14',
        HEAD + '"loading cache slot" id=0 prompt=x used=26 remaining=14',
        HEAD + '"loading cache slot" id=0 cacheprompt=40',
        "x" + HEAD + '"stopping llama server"',
        HEAD + '"stopping llama_server"',
        HEAD + '"stopping llama serverx"x',
        HEAD + '"Listening on 127.0.0.1:11434"',
        HEAD + '"Listening on  (version 0.12.11)"',
        HEAD + '"Listening on 127.0.0.1:11434 (version 0.12.11"',
        "time=x level= source=x.go:1 msg=load request=\"{Operation:commit KvSize:8000\"",
        "time=x level=INFO source= msg=load request=\"{Operation:commit KvSize:8000\"",
        HEAD + '"server config"',
        HEAD + '"cache lost" total=9 matched=8 cached=7 left=2',
        HEAD + '"cache hit" total=9 matched= cached=7 left=2',
        HEAD + '"starting a runner" cmd=x',
        "slot xprint_timing: id  0 | task 1 | ",
        "x prompt eval time = 1 ms / 9 tokens",
        '[GIN] 2024/11/04 - 21:54:31 | 200 | 15s |  | POST "/api/chat"',
        '[GIN] 2024/11/04 - 21:54:31 | 200 | 15s | ::1 | POST"/api/chat"',
        '[GIN] 2024/11/04 - 21:54:31 | 200 | 15s | ::1 |POST "/api/chat"',
        HEAD + 'loading request="{Operation:commit KvSize:8000',
        HEAD + 'load request="{Operation:fit KvSize:8000',
        HEAD + '"llama runner started in a few seconds"',
        HEAD + '"truncating input prompt" limit=2048 prompt=3940 keep=5',
        "slot xlaunch_slot_: id  0 | task 164 | processing task",
        "slot launch_slot_: id  0 | task 164 | done",
        "slot launch_slot_: id  0 | task x | processing task",
        "slot operator(): id 0 | task x | cached n_tokens = 36",
        "slot operator(): id 0 | task 1 | cached n_tokens = many",
        "slot operator(): id 0 | task 1 | new prompt, n_ctx_slot = 2048",
        "slot print_timing: id  0 | task 1 | prompt eval time = ? ms / 9 tokens",
        "slot print_timing: id  0 | task 1 | prompt eval time = 1 ms",
        "llama_print_timings: prompt eval time = 1 ms / 9 tokens",
        "slot print_timing: id  0 | task 1 | x",
        HEAD + '"cache hit" total=9 matched=8 left=2',
        HEAD + '"cache hits" total=9 matched=8 cached=7 left=2',
        "prompt cache update took long",
        "slot progression | n_past=30",
        "kv cache rm [p0, end) | p1=0",
        "input truncated | limit=9",
        '[GIN] 2024/11/04 21:54:31 | 200 | 15s | ::1 | POST "/api/chat"',
        '[GIN] 2024/11/04 - 21:54:31 | 20 | 15s | ::1 | POST "/api/chat"',
        'x[GIN] 2024/11/04 - 21:54:31 | 200 | 15s | ::1 | POST "/api/chat"',
        '[GIN] 2024/11/04 - 21:54:31 | 200 | 15s | ::1 | post "/api/chat"',
        '[GIN] 2024/11/04 - 21:54:31 | 200 | 15s | ::1 | POST /api/chat',
        "",
        "eval time = 595.06 ms / 65 tokens",
    ],
)  # fmt: skip
def test_what_nearly_is_such_a_line_is_noise(line: str) -> None:
    assert match_line(line) is None


def test_a_line_is_read_up_to_8192_characters() -> None:
    fits = "x" * (8192 - len("prompt cache update took 1 ms")) + "prompt cache update took 1 ms"
    assert match_line(fits) is not None
    assert match_line("x" + fits) is None


@pytest.mark.parametrize(
    ("method", "path", "uses"),
    [
        ("POST", "/api/generate", True), ("POST", "/api/chat", True), ("GET", "/api/chat", False),
        ("POST", "/api/embed", False), ("POST", "/api/chat/x", False),
    ],
)  # fmt: skip
def test_which_requests_use_the_model(method: str, path: str, uses: bool) -> None:
    fact = match_line(f'[GIN] 2024/11/04 - 21:54:31 | 200 | 15s | ::1 | {method} "{path}"')
    assert fact is not None
    assert is_generation(fact) is uses


def test_another_line_uses_no_model() -> None:
    fact = match_line("srv  get_availabl: prompt cache update took 29.91 ms")
    assert fact is not None
    assert not is_generation(fact)


def feed(*lines: str) -> tuple[list[ServedPrompt], OllamaLogParser]:
    parser = OllamaLogParser()
    return parser.feed(line.encode() for line in lines), parser


def slot(prompt: int = 40, reused: int = 26, evaluated: int = 14) -> str:
    return HEAD + f'"loading cache slot" id=0 cache=26 prompt={prompt} used={reused} remaining={evaluated}'


def task(number: int, prompt: int, used: int, window: int = 2048, launch: bool = True) -> list[str]:
    """The lines of one request of llama-server before its timing."""
    head = f"slot   operator(): id  0 | task {number} | "
    launched = f"slot launch_slot_: id  0 | task {number} | processing task"
    return [
        *([launched] if launch else []),
        f"{head}new prompt, n_ctx_slot = {window}, n_keep = 4, task.n_tokens = {prompt}",
        f"{head}cached n_tokens = {used}, memory_seq_rm",
    ]


def timing(number: int, evaluated: int, ms: float = 12.5) -> str:
    return f"slot print_timing: id  0 | task {number} | prompt eval time = {ms} ms / {evaluated} tokens (x)"


@pytest.mark.parametrize(("evaluated", "count"), [(13, 0), (14, 1), (15, 0)])
def test_three_figures_must_agree(evaluated: int, count: int) -> None:
    served, parser = feed(slot(evaluated=evaluated))
    assert len(served) == count
    assert parser.facts["slot"] == 1


def test_requests_are_numbered_and_timed() -> None:
    served, _ = feed(slot(), *task(1, 100, 60), timing(1, 40))
    assert [(one.number, one.at, one.prompt, one.reused, one.evaluated) for one in served] == [
        (1, 1759490550.008, 40, 26, 14), (2, None, 100, 60, 40),
    ]  # fmt: skip
    assert (served[0].prefill_ms, served[1].prefill_ms, served[0].num_ctx, served[1].num_ctx) == (
        None,
        12.5,
        None,
        2048,
    )


@pytest.mark.parametrize(("evaluated", "told"), [(99, (100, 1)), (100, (100, 0)), (101, None)])
def test_more_evaluated_than_sent_is_no_request(evaluated: int, told: tuple[int, int] | None) -> None:
    served, _ = feed(*task(1, 100, 0), timing(1, evaluated))
    assert [(one.prompt, one.reused) for one in served] == ([told] if told else [])


def test_without_the_length_of_the_prompt_the_first_batch_tells_the_reuse() -> None:
    cached = task(1, 100, 36)[-1]
    served, _ = feed(cached, cached.replace("36", "80"), timing(1, 20))
    assert [(one.prompt, one.reused, one.evaluated) for one in served] == [(None, 36, 20)]
    served, _ = feed(timing(1, 20))
    assert [(one.prompt, one.reused, one.evaluated) for one in served] == [(None, None, 20)]


def test_a_task_is_done_with_its_timing_and_begun_anew_by_its_launch() -> None:
    served, _ = feed(*task(1, 100, 60), timing(1, 40), timing(1, 40))
    assert [one.prompt for one in served] == [100, None]
    # One that has no prompt yet cannot be the one that is done.
    served, _ = feed(*task(1, 100, 60), task(1, 0, 0)[0], timing(1, 40))
    assert [one.prompt for one in served] == [100]


def test_the_tasks_of_a_runner_go_on_while_another_one_is_started() -> None:
    served, parser = feed(*task(1, 100, 60), HEAD + '"starting runner" cmd=x', timing(1, 40))
    assert [one.prompt for one in served] == [100]
    assert [one.num_ctx for one in parser.feed([slot().encode()])] == [None]


def test_a_task_that_a_dead_server_left_does_not_spoil_the_one_with_its_number() -> None:
    served, parser = feed(*task(0, 900, 500), HEAD + '"starting runner" cmd=x', *task(0, 100, 60), timing(0, 40))
    assert [(one.prompt, one.reused) for one in served] == [(100, 60)]
    assert parser.unreadable == {}


def test_a_start_without_a_window_keeps_the_one_that_is_known() -> None:
    load = HEAD + 'load request="{Operation:commit KvSize:8000"'
    served, parser = feed(load, HEAD + '"starting runner" cmd=x', slot(), *task(1, 9, 0, window=512), timing(1, 9))
    assert [one.num_ctx for one in served] == [8000, 512]


def test_64_tasks_are_remembered() -> None:
    lines = [line for number in range(64) for line in task(number, 100, 60)]
    served, _ = feed(*lines, timing(0, 40))
    assert [one.prompt for one in served] == [100]
    served, _ = feed(*lines, *task(64, 100, 60), timing(0, 40), timing(1, 40), timing(64, 40))
    assert [one.prompt for one in served] == [None, 100, 100]


def test_the_version_is_foreign_text() -> None:
    _, parser = feed(HEAD + f'"Listening on x (version {"9" * 60})"')
    assert parser.version is not None
    assert len(parser.version) == 40


def test_a_cut_belongs_to_one_request() -> None:
    cut = HEAD + '"truncating input prompt" limit=2048 prompt=3940 keep=5 new=2048'
    served, _ = feed(slot(), cut, *task(1, 100, 60), timing(1, 40), slot())
    assert [one.truncated for one in served] == [False, True, False]


PROGRESS = "DEBUG slot progression | ga_i=0 n_past=30 n_past_se=0 n_prompt_tokens_processed=12 task_id=7"
REMOVED = "DEBUG kv cache rm [p0, end) | p0=30 task_id=7 timestamp=1719000000"


def test_the_old_runner_tells_a_prompt_in_two_lines() -> None:
    served, _ = feed(PROGRESS, REMOVED)
    assert [(one.at, one.prompt, one.reused, one.evaluated) for one in served] == [(1719000000.0, 42, 30, 12)]


@pytest.mark.parametrize(
    "lines",
    [
        (REMOVED,),
        (PROGRESS, REMOVED.replace("task_id=7", "task_id=8")),
        (PROGRESS, REMOVED.replace("task_id=7 ", "")),
        (PROGRESS, REMOVED.replace("p0=30", "p0=43")),
    ],
)
def test_lines_of_the_old_runner_that_do_not_belong_together(lines: tuple[str, ...]) -> None:
    assert feed(*lines)[0] == []


def test_a_whole_prompt_may_be_kept_and_lines_are_used_once() -> None:
    served, _ = feed(PROGRESS, REMOVED.replace("p0=30", "p0=42"), REMOVED)
    assert [(one.reused, one.evaluated) for one in served] == [(42, 0)]
    nameless = feed(PROGRESS.replace(" task_id=7", ""), REMOVED.replace("task_id=7 ", ""))[0]
    assert [one.prompt for one in nameless] == [42]


def test_noise_is_counted() -> None:
    _, parser = feed("words", slot(), "more words\r")
    assert parser.noise == 2
    assert dict(parser.facts) == {"slot": 1}
    assert len(OllamaLogParser().feed([slot().encode() + b"\r\n"])) == 1
    assert len(OllamaLogParser().feed([b"\xff" + slot().encode()])) == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("1719000000", 1719000000.0),
        ("2025-10-03T11:22:30.008Z", 1759490550.008),
        ("2025-10-03T13:22:30.008123456+02:00", 1759490550.008123),
        ("2024/11/04 - 21:54:31", time.mktime((2024, 11, 4, 21, 54, 31, 0, 0, -1))),
        ("2024/13/04 - 21:54:31", None),
        ("soon", None),
        ("", None),
        ("9" * 11, 99999999999.0),
        ("9" * 12, None),
        ("1.5", 1.5),
        ("1.123456789", 1.123456789),
        ("1.1234567890", None),
        ("1.", None),
        ("1x5", None),
        ("2025-10-03T13:22:30,123456789+02:00", 1759490550.123456),
        ("2025-10-03T11:22:30.123456Z", 1759490550.123456),
    ],
)
def test_times(text: str | None, seconds: float | None) -> None:
    assert parse_time(text) == seconds


def test_requests_that_used_the_model_are_counted() -> None:
    chat = '[GIN] 2024/11/04 - 21:54:31 | 200 | 15s | ::1 | POST "/api/chat"'
    assert [feed(*[chat] * count, chat.replace("chat", "tags"))[1].generations for count in (0, 1, 2)] == [0, 1, 2]


def test_a_new_parser_knows_nothing() -> None:
    parser = OllamaLogParser()
    assert (parser.version, parser.debug, parser.noise, parser.servers_own, parser.generations) == (None, None, 0, 0, 0)
    assert (parser.facts, parser.unreadable) == ({}, {})


def test_a_duration_that_is_no_number_costs_itself_alone() -> None:
    (one,), parser = feed(*task(1, 100, 60), timing(1, 40).replace("12.5", "1.2.5"))
    assert (one.prompt, one.reused, one.evaluated, one.prefill_ms) == (100, 60, 40, None)
    assert parser.unreadable == {}


def test_of_two_tasks_that_fit_the_older_one_is_done() -> None:
    """Which of them it was is not known; the newer one is still open, and too short for the second figure."""
    long, short = task(1, 900, 0, launch=False)[0], task(1, 100, 0, launch=False)[0]
    served, parser = feed(long, short, timing(1, 50), timing(1, 500))
    assert (served, parser.unreadable) == (
        [],
        {"tasks of two servers under one number": 1, "figures that do not agree": 1},
    )
    served, parser = feed(long, short, timing(1, 50), timing(1, 60), timing(1, 60))
    assert parser.unreadable == {"tasks of two servers under one number": 2}
    assert [one.prompt for one in served] == [None]


@pytest.mark.parametrize(
    ("level", "debug"),
    [
        ("1", True), ("2", True), ("true", True), ("TRUE", True), ("DEBUG", True), ("TRACE", True), ("0", False),
        ("false", False), ("False", False), ("INFO", False), ("warn", False), ("WARN", False), ("error", False),
        ("ERROR", False), ("", None),
    ],
)  # fmt: skip
def test_the_level_in_the_servers_settings(level: str, debug: bool | None) -> None:
    config = 'time=x level=INFO source=x.go:1 msg="server config" env="map[OLLAMA_DEBUG:{} OLLAMA_HOST:]"'
    assert feed(config.format(level))[1].debug is debug
    # What is not said leaves what is known; what a line shows is known from then on.
    assert feed(config.format("1"), config.format(level))[1].debug is (debug is not False)
    assert feed(config.format(level), "time=x level=DEBUG source=x.go:1 msg=whatever")[1].debug is True


def test_a_line_without_a_hint_costs_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all lines of such a log are like that: neither its prefixes nor the patterns are looked at."""
    looked: list[str] = []

    def strip(text: str) -> object:
        looked.append(text)
        return strip_prefixes(text)

    monkeypatch.setattr(ollama_patterns, "strip_prefixes", strip)
    assert match_line("llama_model_loader: - kv   0: general.architecture str = llama") is None
    assert looked == []
    launched = "slot launch_slot_: id  0 | task 164 | processing task, is_child = 0"
    assert match_line(launched) is not None
    assert looked == [launched]
