"""The account of a turn by a profile: what fits, what does not, what was left out, what a step has spoiled."""

import pytest

from tests.profiles.worlds import line, profile, turns_of, whole_turn
from timmy_tui.model.turn import Gap, Reason, Turn

AT = 1_000_000.0
LASTING = {"key": "think", "label": "THINK", "meaning": "thinking", "owner": "service", "lasts": ["answered.took"],
           "critical": True}  # fmt: skip


def stage(key: str, **more: object) -> dict[str, object]:
    return {"key": key, "label": key[:6].upper(), "meaning": key, "owner": "service", "critical": True, **more}


LISTEN, SPEAK = (
    stage("listen", **{"from": ["heard"], "to": ["asked"]}),
    stage("speak", **{"from": ["answered"], "to": ["sound"]}),
)


def one(took: float, **changes: object) -> Turn:
    """A turn of 1.5 s whose record says that thinking took so many ms."""
    rule = profile(stage=[LISTEN, LASTING, SPEAK], **changes)
    heard, asked, _, sound = whole_turn(AT, "a")
    (turn,) = turns_of(rule, [heard, asked, line(AT + 1.2, "a", "answered", took=took), sound])
    return turn


def test_a_length_without_a_place_leaves_one_gap() -> None:
    turn = one(900)
    assert turn.stages == {"listen": 200.0, "think": 900.0, "speak": 300.0}
    assert (turn.gaps, turn.unattributed_ms) == ((Gap("start", "end", 100.0),), 100.0)


def test_a_setting_ends_where_the_turn_begins_and_leaves_the_gaps_their_places() -> None:
    """Also where the profile does not say with which event."""
    wait = stage("wait", lasts=["heard.silence"], setting=True)
    heard_rule = {"name": "heard", "take": {"silence": {"path": "silence"}}}
    events = [heard_rule, *({"name": name} for name in ("asked", "answered", "sound"))]
    rule = profile(
        stage=[wait, LISTEN, SPEAK],
        event=events,
        headline=[{"span": "V2V", "less": "heard.silence", "from": ["heard"], "to": ["sound"]}],
        turn={"failed": [], "reason": ""},
    )
    _, asked, answered, sound = whole_turn(AT, "a")
    (turn,) = turns_of(rule, [line(AT, "a", "heard", silence=600), asked, answered, sound])
    assert turn.headline_ms == 2100.0 and turn.stages == {"wait": 600.0, "listen": 200.0, "speak": 300.0}
    assert turn.gaps == (Gap("listen", "speak", 1000.0),)


@pytest.mark.parametrize(("took", "fits"), [(1000, True), (1001, True), (1001.1, False), (9000, False)])
def test_parts_may_exceed_their_headline_by_what_the_log_rounds(took: float, fits: bool) -> None:
    turn = one(took)
    assert (turn.stages["think"] is not None) == fits
    assert turn.unmeasured == ({} if fits else {"think": Reason.EXCEEDS_WHOLE})
    assert turn.headline_ms == 1500.0
    named = sum(ms for ms in turn.stages.values() if ms is not None)
    assert named + sum(gap.ms for gap in turn.gaps) == pytest.approx(1500.0)


def test_a_duration_that_contains_another_has_it_taken_off() -> None:
    inner = stage("first", lasts=["answered.first"])
    outer = stage("rest", lasts=["answered.took"], minus=["answered.first"])
    events = [{"name": name} for name in ("heard", "asked", "sound")]
    takes = {"took": {"path": "took"}, "first": {"path": "first"}}
    rule = profile(
        stage=[inner, outer], event=[*events, {"name": "answered", "take": takes}], turn={"failed": [], "reason": ""}
    )
    heard, _, _, sound = whole_turn(AT, "a")

    def stages(**more: float) -> dict[str, float | None]:
        (turn,) = turns_of(rule, [heard, line(AT + 1, "a", "answered", **more), sound])
        return dict(turn.stages)

    assert stages(took=900, first=600) == {"first": 600.0, "rest": 300.0}
    assert stages(took=900) == {"first": None, "rest": None}
    assert stages(took=500, first=600) == {"first": 600.0, "rest": None}


@pytest.mark.parametrize(
    ("printed", "value"), [(0, None), (None, None), ("None", None), (-1, None), (5, 5.0), ("5", 5.0)]
)
def test_words_and_zeros_that_mean_nothing(printed: object, value: float | None) -> None:
    took = {"took": {"path": "took"}}
    rule = profile(
        source={"none": ["None"]},
        stage=[LISTEN, LASTING, SPEAK],
        event=[{"name": name} for name in ("heard", "asked", "sound", "error")]
        + [{"name": "answered", "take": took, "zero_is_none": ["took"]}],
        turn={"failed": [], "reason": ""},
    )
    heard, asked, _, sound = whole_turn(AT, "a")
    (turn,) = turns_of(rule, [heard, asked, line(AT + 1, "a", "answered", took=printed), sound])
    assert turn.stages["think"] == value


@pytest.mark.parametrize(("slept", "known"), [(59.9, True), (60.1, False)])
def test_what_spans_a_sleep_is_no_measurement(slept: float, known: bool) -> None:
    took = (0.2, slept, 0.3)
    (turn,) = turns_of(profile(), whole_turn(AT, "a", took))
    assert (turn.headline_ms is not None) == known
    assert (turn.stages["think"] is not None) == known
    assert turn.stages["listen"] == 200.0
    assert ("think" in turn.unmeasured, "V2V" in turn.unmeasured) == (not known, not known)


def test_a_headline_that_ends_before_it_begins() -> None:
    heard, asked, answered, _ = whole_turn(AT, "a")
    (turn,) = turns_of(profile(), [heard, asked, answered, line(AT - 1, "a", "sound")])
    assert turn.headline_ms is None
    assert turn.unmeasured["V2V"] == Reason.BACKWARDS
    assert turn.stages["speak"] is None


HOPS = [
    stage("there", clock="cross", owner="hop", **{"from": ["heard"], "to": ["asked"]}),
    stage("think", **{"from": ["asked"], "to": ["answered"]}),
    stage("back", clock="cross", owner="hop", **{"from": ["answered"], "to": ["sound"]}),
    stage("network", both_ways=True, critical=False, owner="hop"),
]


@pytest.mark.parametrize("apart", [0.0, 0.0005, 2.0, -7.0])
def test_hops_across_two_clocks_are_known_by_their_sum(apart: float) -> None:
    """The second clock is ``apart`` seconds ahead of the first."""
    stamps = (("heard", 0.0), ("asked", 0.2 + apart), ("answered", 1.2 + apart), ("sound", 1.2004))
    (turn,) = turns_of(profile(stage=HOPS), [line(AT + at, "a", name) for name, at in stamps])
    assert turn.stages["network"] == pytest.approx(200.4, abs=0.01)
    assert turn.stages["think"] == pytest.approx(1000.0, abs=0.01)
    assert turn.headline_ms == pytest.approx(1200.4, abs=0.01)
    if abs(apart) > 0.001:
        assert (turn.stages["there"], turn.stages["back"]) == (None, None)
        assert set(turn.unmeasured.values()) == {Reason.CLOCKS_DIFFER}
    else:
        assert min(turn.stages["there"] or 0.0, turn.stages["back"] or 0.0) >= 0.0
        assert not turn.unmeasured


PARTS = {"path": "parts", "key": "key", "lasts": "secs", "starts": "start"}


def of_parts(*records: tuple[float, list[tuple[str, float, float]]], latest: bool = False) -> Turn:
    """A turn of 1.5 s whose records say (when, of what: key, beginning, length in s)."""
    events = [{"name": "heard"}, {"name": "sound"}, {"name": "told", "parts": PARTS, "latest": latest,
                                                     "take": {"all": {"path": "all"}}}]  # fmt: skip
    rule = profile(
        event=events,
        stage=[stage("wait", lasts=["told.wait"]), stage("think", lasts=["told.think"])],
        headline=[{"span": "V2V", "lasts": ["told.all"], "last_event": "told"}],
        turn={"complete": ["sound"], "failed": [], "reason": ""},
    )
    told = [
        line(
            AT + at,
            "a",
            "told",
            all=1500,
            parts=[{"key": key, "start": start, "secs": secs} for key, start, secs in of],
        )
        for at, of in records
    ]
    (turn,) = turns_of(rule, [line(AT, "a", "heard"), *told, line(AT + 2, "a", "sound")])
    return turn


@pytest.mark.parametrize("late", [0.0, 0.0009, 0.02, 5.0, -5.0])
def test_parts_are_set_against_their_own_clock(late: float) -> None:
    """The records' own is the receiver's, which is behind the sender's, or is another one."""
    turn = of_parts((1.6 + late, [("wait", AT + 0.1, 0.2), ("think", AT + 0.3, 1.3)]))
    assert turn.stages == {"wait": 200.0, "think": 1300.0}
    assert (turn.headline_ms, turn.unattributed_ms, turn.unmeasured) == (1500.0, 0.0, {})


@pytest.mark.parametrize(("ahead", "is_left_out"), [(0.0009, False), (0.0011, True), (120.0, True)])
@pytest.mark.parametrize("late", [0.0, 5.0])
def test_a_part_from_before_the_span_is_left_out(ahead: float, is_left_out: bool, late: float) -> None:
    turn = of_parts((1.6 + late, [("wait", AT + 0.1 - ahead, 0.2), ("think", AT + 0.3, 1.3)]))
    assert (turn.stages["wait"] is None) == is_left_out
    assert (turn.headline_ms, turn.stages["think"]) == (1500.0, 1300.0)


@pytest.mark.parametrize(("latest", "waited"), [(False, 200.0), (True, 100.0)])
def test_parts_that_come_twice_are_not_added(latest: bool, waited: float) -> None:
    first = [("wait", AT + 0.1, 0.2), ("think", AT + 0.3, 1.3)]
    second = [("wait", AT + 0.1, 0.1), ("think", AT + 0.3, 1.3)]
    turn = of_parts((1.6, first), (1.7, second), latest=latest)
    assert turn.stages == {"wait": waited, "think": 1300.0}


@pytest.mark.parametrize(
    ("speaks", "thinks", "known"), [(65.0, 1.0, True), (59.0, 59.9, True), (65.0, 60.1, False), (1.0, 60.1, False)]
)
def test_only_a_sleep_within_the_span_spoils_it(speaks: float, thinks: float, known: bool) -> None:
    """Who speaks for long is not asleep; the span begins behind that, and before the next stamp."""
    rule = profile(
        event=[{"name": "starts"}, {"name": "stops"}, {"name": "sound", "take": {"all": {"path": "all"}}}],
        stage=[stage("all", lasts=["sound.all"])],
        headline=[{"span": "V2V", "lasts": ["sound.all"], "last_event": "sound"}],
        turn={"failed": [], "reason": ""},
    )
    stamps = ((0.0, "starts"), (speaks, "stops"), (speaks + thinks, "sound"))
    (turn,) = turns_of(rule, [line(AT + at, "a", name, all=1000 * thinks + 200) for at, name in stamps])
    assert turn.headline_ms == (pytest.approx(1000 * thinks + 200) if known else None)
    assert turn.unmeasured == ({} if known else {"V2V": Reason.ASLEEP})


def test_stamps_that_only_order_measure_no_headline() -> None:
    """The first rule has all that it needs, and would be a figure of whole seconds."""
    rule = profile(
        time={"resolution_ms": 1000},
        stage=[LASTING],
        headline=[
            {"span": "V2V", "from": ["heard"], "to": ["sound"]},
            {"span": "speech→reply", "lasts": ["answered.took"]},
        ],
    )
    heard, _, _, sound = whole_turn(AT, "a")
    (turn,) = turns_of(rule, [heard, line(AT + 1, "a", "answered", took=900), sound])
    assert (turn.span, turn.headline_ms, turn.v2v_ms) == ("speech→reply", 900.0, None)
