"""The text that Prometheus reads: by hand, so its own tool checks it."""

from tests.programs import needs
from tests.telemetry.prometheus_server import promtool
from tests.telemetry.turns import GOLDEN, reuse_of, snapshot_of
from timmy_tui.model.llm import Certainty
from timmy_tui.model.snapshot import ClockOffset
from timmy_tui.model.turn import Epoch, TurnState
from timmy_tui.telemetry import published_names as names
from timmy_tui.telemetry.prometheus.exposition import MOST_SERIES, Series, gauge_lines
from timmy_tui.telemetry.samples import Sample, samples_of_now, samples_of_turn


def text_of(*samples: Sample) -> list[str]:
    series = Series(names.OF_TURNS)
    series.add(samples)
    return list(series.lines())


def whole_page() -> str:
    series = Series(names.OF_TURNS)
    for turn in GOLDEN:
        series.add(samples_of_turn(turn, reuse_of(turn, Certainty.ESTIMATED)))
    epoch = Epoch(
        number=1, session_id=None, started=None, first=0, turns=1,
        flags={"raw": True, "retrieved-chunks": 5, "model": "llama3.2:3b", "odd": 'a "quoted" word\n'},
    )  # fmt: skip
    clock = ClockOffset(low_ms=-7.1, high_ms=3.7, turns=9, skewed=False, stepped=False)
    now = samples_of_now(snapshot_of(GOLDEN, epochs=(epoch,), clock=clock))
    return "\n".join([*series.lines(), *gauge_lines(names.OF_NOW, now)]) + "\n"


@needs("promtool")
def test_promtool_finds_no_fault() -> None:
    done = promtool("check", "metrics", text=whole_page())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_figures_are_those_of_the_turns() -> None:
    lines = whole_page().splitlines()
    complete = [turn for turn in GOLDEN if turn.state is TurnState.COMPLETE]
    assert f'timmy_turns_total{{state="complete"}} {len(complete)}' in lines
    assert 'timmy_turns_total{state="failed"} 1' in lines
    assert f"timmy_prompt_tokens_total {sum(turn.prompt_tokens or 0 for turn in GOLDEN)}" in lines
    reused = sum((turn.prompt_tokens or 0) // 2 for turn in GOLDEN)
    assert f'timmy_cached_tokens_total{{how="estimated"}} {reused}' in lines
    assert f'timmy_turn_seconds_count{{span="V2V"}} {len(complete)}' in lines
    (total,) = [line for line in lines if line.startswith("timmy_turn_seconds_sum")]
    assert abs(float(total.split()[1]) - sum(turn.headline_ms or 0 for turn in complete) / 1000) < 1e-9
    assert 'timmy_flag_info{flag="raw",value="true"} 1' in lines
    assert 'timmy_flag_info{flag="retrieved-chunks",value="5"} 1' in lines
    assert 'timmy_clock_offset_seconds{bound="low"} -0.0071' in lines


def test_what_is_no_name_is_not_told() -> None:
    assert "quoted" not in whole_page()


def test_a_value_on_a_bound_is_in_its_bucket() -> None:
    lines = text_of(Sample(names.TURN, 2.0), Sample(names.TURN, 2.0001), Sample(names.TURN, 21.0))
    at = {line.split()[0]: int(line.split()[1]) for line in lines if "_bucket" in line}
    name = "timmy_turn_seconds_bucket"
    assert [at[f'{name}{{le="{le}"}}'] for le in ("1.75", "2", "2.25", "20", "+Inf")] == [0, 1, 2, 2, 3]


def test_a_label_is_escaped() -> None:
    lines = text_of(Sample(names.TURNS, 1, (("state", 'a\\b"c\nd'),)))
    assert r'timmy_turns_total{state="a\\b\"c\nd"} 1' in lines


def test_the_number_of_series_is_bounded() -> None:
    lines = text_of(*(Sample(names.TURNS, 1, (("state", str(n)),)) for n in range(MOST_SERIES + 1)))
    assert sum(line.startswith("timmy_turns_total") for line in lines) == MOST_SERIES


def test_broken_reuse_is_counted_and_zero_where_none_was() -> None:
    turn = GOLDEN[3]
    whole = text_of(*samples_of_turn(turn, reuse_of(turn)))
    broken = text_of(*samples_of_turn(turn, reuse_of(turn, broken="the head of the prompt changed")))
    assert "timmy_reuse_broken_total 0" in whole
    assert "timmy_reuse_broken_total 1" in broken


def test_an_unknown_reuse_is_no_share_of_anything() -> None:
    turn = GOLDEN[3]
    lines = text_of(*samples_of_turn(turn, reuse_of(turn, Certainty.UNKNOWN)))
    assert not [line for line in lines if line.startswith(("timmy_cached", "timmy_judged"))]


def test_times_are_told_of_complete_turns_alone() -> None:
    lines = text_of(*samples_of_turn(GOLDEN[4], None))
    assert GOLDEN[4].state is TurnState.FAILED
    assert not [line for line in lines if line.startswith(("timmy_turn_seconds", "timmy_stage_seconds"))]


def test_a_collector_makes_the_same_names_of_what_comes_by_otlp() -> None:
    """By the rules of OpenTelemetry for Prometheus: dots become lines, the unit and a counter's total are added."""
    both = [metric for metric in (*names.OF_TURNS, *names.OF_NOW) if metric.prometheus]
    assert len(both) == 11
    for metric in both:
        unit = {"s": "_seconds", "": ""}[metric.unit]
        total = "_total" if metric.kind == "counter" else ""
        assert metric.otlp.replace(".", "_") + unit + total == metric.prometheus
