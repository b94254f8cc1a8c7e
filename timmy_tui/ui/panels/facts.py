"""One-line panels below the stage rows: prompt cache and context, finding or verdict, sources, running change."""

from collections.abc import Iterable, Sequence

from timmy_tui.core.formatting import MISSING, ago, duration, percent, plural
from timmy_tui.model.change import ChangeProgress, ChangeState
from timmy_tui.model.judgement import TrialState
from timmy_tui.model.llm import Certainty, LlmState, OllamaFacts
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.model.stages.system import watched
from timmy_tui.report.words.llm import share_words
from timmy_tui.report.words.losses import counted_losses
from timmy_tui.ui.charts.stack import NEARLY_FULL
from timmy_tui.ui.key_commands import CHOICES, SCREENS
from timmy_tui.ui.paint.lines import Line, cells, foreign, join_fitting, line, plain, spread, wrap
from timmy_tui.ui.paint.wording import tokens
from timmy_tui.ui.view import View

SCREEN_NAMES = {
    "live": "Live", "turns": "Turns", "trends": "Trends", "llm": "LLM", "changes": "Changes", "log": "Log",
}  # fmt: skip
TABS = 64
"""Width in cells from which the footer names all screens."""
UNDO = "undo"
NARROW = 80
"""Below this width in cells, the state and keys of a change come before its evidence and its name."""
STALE_S = 900.0
"""A log without a new line for this long is reported as quiet."""
URGENCY = ("bad", "warn", "info", "good", "muted")
"""Roles of the parts of the sources line, most urgent first."""


def cache_parts(view: View) -> list[Line]:
    """Prompt cache and context window, most important part first."""
    if not watched().counts_tokens:
        return []
    llm = view.snapshot.llm
    turn = view.newest_prompted
    parts = [_reuse_part(view)]
    parts.extend(_window_parts(llm))
    if turn is not None and turn.prompt_tokens is not None:
        text = f"{tokens(turn.prompt_tokens)}→{tokens(turn.output_tokens)} tok"
        parts.append(line((text, "text")))
    if turn is not None and turn.prefill_ms is not None:
        parts.append(line(("prefill ", "muted"), duration(turn.prefill_ms), (" decode ", "muted"), _decode(view)))
    if llm is not None and llm.facts is not None:
        parts.extend(_model_parts(llm.facts, view.now))
    return parts


def cache_line(view: View, width: int) -> Line:
    """As many parts on the cache and the context as fit."""
    return join_fitting(cache_parts(view), width)


def _decode(view: View) -> str:
    turn = view.newest_prompted
    reuse = view.reuse.get(turn.ordinal) if turn else None
    if reuse is not None and reuse.decode_rate is not None:
        return f"{reuse.decode_rate:.0f} tok/s"
    return duration(turn.decode_ms if turn else None)


def _reuse_part(view: View) -> Line:
    turn = view.newest_prompted
    reuse = view.reuse.get(turn.ordinal) if turn else None
    share = share_words(reuse)
    if reuse is None or share == MISSING:
        why = f" ({foreign(reuse.reason, 40)})" if reuse is not None and reuse.reason else ""
        return line(("cache ", "muted"), (MISSING, "faint"), (why, "muted"))
    if reuse.busy or reuse.certainty is Certainty.KNOWN:
        return line(("cache ", "muted"), (share, "faint" if reuse.busy else "warn"))
    role = "warn" if reuse.broken or reuse.cold else "good"
    # ``0% cold`` read as if nothing was.
    state = ", broken" if reuse.broken else ", cold" if reuse.cold else ""
    return line(("cache ", "muted"), (f"{share} reused{state}", role))


def _window_parts(llm: LlmState | None) -> list[Line]:
    context = llm.context if llm else None
    if context is None or context.fill is None:
        return [line(("ctx ", "muted"), ("—", "faint"))]
    role = "bad" if context.truncated or context.fill > 1 else "warn" if context.fill > NEARLY_FULL else "value"
    suffix = " cut" if context.truncated else ""
    parts = [line(("ctx ", "muted"), (f"{percent(context.fill)}{suffix}", role))]
    if context.window:
        parts[0] = (*parts[0], (f" of {tokens(context.window)}", "muted"))
    if context.turns_left is not None:
        parts.append(line((f"≈{context.turns_left} turns left", "warn" if context.turns_left < 5 else "muted")))
    return parts


def _model_parts(facts: OllamaFacts, now: float) -> list[Line]:
    if facts.reachable is False:
        since = f" {ago(now - facts.since)}" if facts.since is not None else ""
        return [line((f"ollama unreachable{since}", "bad"))]
    parts: list[Line] = []
    if facts.loaded is False:
        parts.append(line(("not loaded", "warn")))
    elif facts.expires is not None and facts.expires != float("inf"):
        parts.append(line((f"unloads in {ago(facts.expires - now)}", "warn" if facts.expires - now < 60 else "muted")))
    if facts.model:  # Whole, or not at all: it is the least news of all, and its end tells one build from another.
        parts.append(line((foreign(facts.model, 60), "muted")))
    return parts


def trial_line(trial: TrialState, view: View, width: int) -> Line:
    """``Test 1: raw off  step 1 of 4  3 more turns as it is  G``: the guided test."""
    role = "muted" if trial.left else "info"
    key = (*line((view.keys.get("guided", ""), "key")), *line((" next" if trial.phase != "measure" else "", "text")))
    head = line((f"{trial.label}  ", "value"), (f"step {trial.step} of {trial.steps}  ", "muted"))
    available = max(width - len(plain(head)) - len(plain(key)) - 2, 0)
    return (*head, *line((foreign(trial.sentence, available), role), "  "), *key)


def source_parts(view: View) -> list[Line]:
    """Problems of the sources, worst first; one part says so when there are none."""
    snapshot = view.snapshot
    parts = [
        line((f"{view.glyphs.fail} {h.where}: {foreign(h.message, 80)}", "bad"))
        for h in (*view.faults, *snapshot.health)
    ]
    for source in snapshot.sources:
        parts.extend(_source_parts(view, source))
    unparsed = sum(snapshot.unparsed.values())
    if unparsed:
        worst = max(snapshot.unparsed, key=lambda reason: snapshot.unparsed[reason])
        parts.append(line((f"{plural(unparsed, 'unparsed line')} ({foreign(worst, 24)})", "warn")))
    clock = snapshot.clock
    if clock is not None and clock.stepped:
        parts.append(line(("a clock stepped", "warn")))
    elif clock is not None and clock.skewed:
        parts.append(line((f"clocks differ {_bound(clock.low_ms, clock.high_ms)}", "warn")))
    ok_count = sum(source.condition is SourceCondition.OK for source in snapshot.sources)
    if ok_count == len(snapshot.sources) and ok_count:
        # Beside lines that a log has lost it is not well, though each of them answers.
        if not any(part[0][1] in ("bad", "warn") for part in parts):
            parts.insert(0, line((f"{view.glyphs.ok} {plural(ok_count, 'source')} ok", "good")))
    elif not snapshot.sources:
        parts.insert(0, line(("no sources", "muted")))
    elif ok_count:
        parts.append(line((f"{view.glyphs.ok} {ok_count} ok", "good")))
    return sorted(parts, key=lambda part: URGENCY.index(part[0][1]))


def sources_lines(view: View, width: int, limit: int = 1) -> list[Line]:
    """The parts on at most ``limit`` lines; parts that do not fit are counted at the end, with the key for all."""
    parts, key = source_parts(view), view.keys.get("findings", "i")
    for shown in range(len(parts), 0, -1):
        left_out = plural(len(parts) - shown, "source")
        more = [line((f"+{left_out} ", "muted"), (key, "key"))] if shown < len(parts) else []
        rows = wrap([*parts[:shown], *more], width)
        if len(rows) <= limit:
            return rows
        if shown == 1:
            return [spread(parts[0], more[0] if more else (), width)]
    return []


def _source_parts(view: View, source: SourceState) -> list[Line]:
    parts: list[Line] = []
    name = foreign(source.name, 24)
    if source.condition is not SourceCondition.OK:
        expected = source.condition in (SourceCondition.WAITING, SourceCondition.READING, SourceCondition.BUSY)
        since = f" {ago(view.now - source.since)}" if source.since is not None else ""
        detail = f" {foreign(source.detail, 48)}" if source.detail else since
        glyph = view.glyphs.none if expected else view.glyphs.fail
        parts.append(line((f"{glyph} {name} {source.condition}{detail}", "info" if expected else "bad")))
    elif source.notable:
        parts.append(line((f"{name} {foreign(source.detail, 48)}", "warn")))
    elif source.newest is not None and view.now - source.newest > STALE_S:
        parts.append(line((f"{name} quiet {ago(view.now - source.newest)}", "muted")))
    parts += [line((f"{name} {words}", "warn")) for words in counted_losses(source)]
    if source.partial:
        parts.append(line((f"{name} incomplete line", "warn")))
    return parts


def _bound(low: float | None, high: float | None) -> str:
    """``≥ 312ms``: the smallest difference that the bounds allow."""
    known = [abs(ms) for ms in (low, high) if ms is not None]
    return f"≥ {duration(min(known))}" if known else ""


def choice_parts(change: ChangeProgress, view: View) -> list[Line]:
    """``= keep``, ``u undo``: the answers that the running change accepts, with their keys."""
    after_change = (UNDO,) if change.state is ChangeState.KEPT and not view.read_only else ()
    keys = {choice: view.keys.get(CHOICES.get(choice, ""), "") for choice in (*change.choices, *after_change)}
    return [line((f"{key} " if key else "", "key"), (foreign(choice, 20), "text")) for choice, key in keys.items()]


def change_line(view: View, width: int) -> Line:
    """The running change: name, state, elapsed time and limit, evidence, keys."""
    change = view.control.change if view.control else None
    if change is None or change.state is ChangeState.IDLE:
        return ()
    role = {ChangeState.KEPT: "good", ChangeState.ROLLED_BACK: "warn", ChangeState.NEEDS_ATTENTION: "bad"}
    limit = f"/{change.limit:.0f}s" if change.limit is not None else ""
    label = line((f"{foreign(change.label, 30)} ", "value"))
    state = line((str(change.state), role.get(change.state, "info")), (f" {change.elapsed:.0f}s{limit}", "text"))
    if change.countdown is not None:
        state = (*state, *line("  ", (f"rolling back in {change.countdown:.0f}s, any key cancels", "bad")))
    weighed = change.state is ChangeState.VERIFYING and change.evidence[1]
    evidence = line((f"evidence {change.evidence[0]}/{change.evidence[1]}", "text")) if weighed else ()
    answers = choice_parts(change, view)
    message = line((_said_of(change), "text")) if change.message else ()
    pid = line((f"pid {change.pid}", "muted")) if change.pid is not None else ()
    # Its end in the narrow line, so that the notice need not say it on another.
    narrow = [state, *answers, evidence, message, label, pid]
    wide = [(*label, *state), evidence, *answers, message, pid]
    return join_fitting(filter(None, narrow if width < NARROW else wide), width)


def notice_line(view: View, width: int) -> Line:
    """The newest notice, as long as it lasts, behind the newest interruption; the event log has all of them."""
    notice, slept = view.notice, interruption_words(view)
    if notice is None or notice is view.interruption or not notice.is_shown(view.now) or _change_says(view, width):
        return slept
    width_left = width - cells(slept) - 2 if slept else width
    said = line((foreign(notice.text, max(width_left, 0)), notice.role))
    return join_fitting([slept, said], width) if slept else said


def _said_of(change: ChangeProgress) -> str:
    return foreign(behind_state(change), 60)


def behind_state(change: ChangeProgress) -> str:
    """Its message behind its state: ``2 turns show it`` of ``kept, 2 turns show it``."""
    return change.message.removeprefix(f"{change.state}, ")


def tells_end_of_change(view: View) -> bool:
    """The newest notice is the end of the change, in the words that the change itself has."""
    change = view.control.change if view.control else None
    if change is None or view.notice is None or not change.message:
        return False
    return view.notice.text == f"{change.label}: {change.message}"


def _change_says(view: View, width: int) -> bool:
    """The same, and the line of the change has all of those words."""
    change = view.control.change if view.control else None
    if change is None or not tells_end_of_change(view):
        return False
    shown = _said_of(change)
    return not shown.endswith("…") and shown in plain(change_line(view, width))


def interruption_words(view: View) -> Line:
    """``asleep 7h 12m``, as long as it is said; else empty."""
    slept = view.interruption
    return line((foreign(slept.text, 40), slept.role)) if slept is not None and slept.is_shown(view.now) else ()


def footer_line(view: View, screen: str, width: int, hidden: Sequence[str] = ()) -> Line:
    """That the view is frozen, the screens with their keys, what the size hides, and the keys that work here.

    ``hidden``: of each panel that the size hides, the screen that has it whole.
    """
    frozen = frozen_words(view) if screen != "live" else []
    made_of = (view.footers, view.keys, width, " ".join(hidden), plain(frozen[0]) if frozen else "")
    return view.remembered(
        f"footer {screen}",
        made_of,
        lambda: _footer([*frozen, *_footer_parts(view, screen, width, hidden)], width, is_screen=screen in SCREENS),
    )


def _footer(parts: Sequence[Line], width: int, is_screen: bool) -> Line:
    """``is_screen``: no overlay, of which the last part is the way out, which is there at any width."""
    if is_screen or not parts:
        return join_fitting(parts, width)
    back = parts[-1]
    return join_fitting([*_first_fitting(parts[:-1], width - cells(back) - 2), back], width)


def _first_fitting(parts: Sequence[Line], width: int) -> Sequence[Line]:
    """As many parts from the first on as fit."""
    fitting = (count for count in range(len(parts), 0, -1) if sum(map(cells, parts[:count])) + 2 * (count - 1) <= width)
    return parts[: next(fitting, 0)]


def _footer_parts(view: View, screen: str, width: int, hidden: Sequence[str]) -> list[Line]:
    parts: list[Line] = []
    if screen in SCREENS:
        parts.append(_screens(view, screen, width))
    if hidden:
        keys = _ranges(view.keys.get(name, "") for name in SCREENS if name in hidden)
        parts.append(line((f"+{plural(len(hidden), 'panel')} on", "muted"), (f" {keys}" if keys else "", "key")))
    parts.extend(line((key, "key"), (f" {word}", "muted")) for key, word in view.footers.get(screen, ()))
    return parts


def _ranges(keys: Iterable[str]) -> str:
    """``2 4-6``: keys one by one, but for digits in a row."""
    words: list[str] = []
    for key in filter(None, keys):
        first, _, last = words[-1].partition("-") if words else ("", "", "")
        follows = key.isdecimal() and (last or first).isdecimal() and int(key) == int(last or first) + 1
        if follows:
            words[-1] = f"{first}-{key}"
        else:
            words.append(key)
    return " ".join(words)


def frozen_words(view: View) -> list[Line]:
    """``FROZEN +4 turns``; empty while the view follows."""
    if view.live_snapshot is None:
        return []
    return [line((f" FROZEN +{plural(view.missed, 'turn')} ", "frozen"))]


def _screens(view: View, current: str, width: int) -> Line:
    """``[1 Live] 2 Turns 3 Trends``: the current one is marked, also without colours; a narrow pane names only it."""
    spans: list[tuple[str, str]] = []
    for number, name in enumerate(SCREENS, 1):
        key, label = view.keys.get(name, str(number)), SCREEN_NAMES[name]
        if name == current:
            spans += [("[", "muted"), (key, "key"), (f" {label}", "value"), ("] ", "muted")]
        elif width >= TABS:
            spans += [(key, "key"), (f" {label} ", "muted")]
    if width < TABS:
        spans += [(f"1-{len(SCREENS)}", "key"), (" screens", "muted")]
    return (*spans[:-1], (spans[-1][0].rstrip(), spans[-1][1]))
