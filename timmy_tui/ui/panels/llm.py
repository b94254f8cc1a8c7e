"""Screen 4 as lines: the loaded model, the context window, one row per turn, and the guide's criteria."""

from timmy_tui.core.formatting import MISSING, ago, duration, percent
from timmy_tui.model.llm import FAIL, NOT_JUDGED, PASS, ContextState, Criterion, LlmState, OllamaFacts, Reuse
from timmy_tui.report.llm_words import (
    known_by_words,
    request_words,
    share_words,
    source_words,
    value_words,
    verdict_words,
)
from timmy_tui.ui.charts.spark import spark_line
from timmy_tui.ui.charts.stack import EVALUATED, REUSED, gauge_line, stack_line
from timmy_tui.ui.paint.lines import BLANK, Line, fit, foreign, join_fitting, left, line, right
from timmy_tui.ui.paint.wording import tokens
from timmy_tui.ui.panels.facts import change_line, footer_line, notice_line
from timmy_tui.ui.panels.lists import title
from timmy_tui.ui.view import View

VERDICT_ROLE = {PASS: "good", FAIL: "bad", NOT_JUDGED: "muted"}


def llm_lines(view: View, width: int, height: int) -> list[Line]:
    """The whole screen."""
    state = view.snapshot.llm
    if state is None:
        head = [line(("LLM", "title")), line(("no data on the model yet", "muted"))]
        lines = [*head, *[BLANK] * max(height - 3, 0), footer_line(view, "llm", width)]
        return [fit(row, width) for row in lines[-height:]]
    top = [*model_lines(state, view, width), *context_lines(state, view, width)]
    below = [row for row in (change_line(view, width), notice_line(view, width)) if row]
    below.append(footer_line(view, "llm", width))
    available = height - len(top) - len(below)
    criteria = criteria_lines(state.criteria, view, width)
    shown = criteria if available >= len(criteria) + 8 else criteria[: max(available - 8, 0)]
    if shown and len(shown) < len(criteria):
        shown[-1] = line((f"+{len(criteria) - len(shown) + 1} more criteria", "muted"))
    rows = reuse_lines(state, view, width, max(available - len(shown), 0))
    body = [*top, *rows, *shown]
    body += [BLANK] * (height - len(body) - len(below))
    return [fit(row, width) for row in [*body, *below][:height]]


def model_lines(state: LlmState, view: View, width: int) -> list[Line]:
    """Server, model, its share on the GPU and when it is unloaded; warnings below."""
    facts = state.facts
    if facts is None:
        lines = [line(("Ollama ", "title"), ("not asked", "muted"))]
    elif facts.reachable is False:
        since = f" for {ago(view.now - facts.since)}" if facts.since is not None else ""
        lines = [line(("Ollama ", "title"), (f"unreachable{since} {foreign(facts.problem, 60)}", "bad"))]
    else:
        lines = [join_fitting(_residency(facts, view), width)]
    lines.extend(line((f"{view.glyphs.warn} {foreign(text, width - 2)}", "warn")) for text in state.warnings[:2])
    return lines


def _residency(facts: OllamaFacts, view: View) -> list[Line]:
    version = f" {foreign(facts.version, 16)}" if facts.version else ""
    parts = [line((f"Ollama{version}", "title")), line((foreign(facts.model or MISSING, 32), "value"))]
    detail = " ".join(foreign(text, 12) for text in (facts.parameters, facts.quantization) if text)
    if detail:
        parts.append(line((detail, "muted")))
    on_gpu = facts.gpu_share
    if facts.size and on_gpu is not None:
        role = "good" if on_gpu > 0.995 else "warn"
        parts.append(line((f"{facts.size / 1e9:.1f} GB, {percent(on_gpu)} GPU", role)))
    if facts.cloud:
        parts.append(line(("runs in the cloud", "muted")))
    elif facts.loaded is False:
        parts.append(line(("not loaded: the next turn is cold", "warn")))
    elif facts.expires is not None:
        forever = facts.expires == float("inf")
        remaining_s = facts.expires - view.now
        text = "stays loaded" if forever else f"unloads in {ago(remaining_s)}"
        parts.append(line((text, "muted" if forever or remaining_s > 60 else "warn")))
    if facts.last_activity is not None:
        parts.append(line((f"last request {ago(view.now - facts.last_activity)} ago", "muted")))
    return parts


def context_lines(state: LlmState, view: View, width: int) -> list[Line]:
    """How full the window is, with a forecast; sparklines of reuse and prompt size."""
    context = state.context
    bar = max(8, min(40, width // 5))
    lines = [line(("context ", "muted"), *_context(context, bar, view))]
    columns = max(8, min(60, width - 46))
    reuse = state.reuse[-columns:]
    shares = [item.share for item in reuse]
    sizes = [float(item.prompt_tokens) if item.prompt_tokens is not None else None for item in reuse]
    newest = state.reuse[-1] if state.reuse else None
    lines.append(line((left("reuse", 8), "muted"), *spark_line(shares, columns, view.glyphs), "  ", *_reuse(newest)))
    advice = known_by_words(state.facts, state.reuse)
    if advice:
        lines.append(line((left("", 10), "muted"), (foreign(advice, width - 10), "muted")))
    size = f"prompt {tokens(newest.prompt_tokens if newest else None)} tok"
    lines.append(line((left("prompt", 8), "muted"), *spark_line(sizes, columns, view.glyphs), f"  {size}"))
    return lines


def _context(context: ContextState | None, bar: int, view: View) -> Line:
    if context is None:
        return line((MISSING, "faint"))
    source = f" ({context.window_source})" if context.window_source else ""
    spans = [*gauge_line(context.fill, bar, view.glyphs), (f" {percent(context.fill)} ", "value")]
    about = "~" if context.used_estimated else ""
    spans.append((f"{about}{tokens(context.used)} of {tokens(context.window)}{source}", "text"))
    if context.turns_left is not None:
        spans.append((f"  ≈{context.turns_left} turns left", "warn" if context.turns_left < 5 else "muted"))
    if context.growth is not None:
        spans.append((f"  {context.growth:+.0f} tok a turn", "muted"))
    if context.truncated:
        spans.append(("  the newest prompt was truncated", "bad"))
    if context.note:
        spans.append((f"  {foreign(context.note, 60)}", "muted"))
    return tuple(spans)


def _reuse(item: Reuse | None) -> Line:
    if item is None:
        return line((MISSING, "faint"))
    share = share_words(item)
    return line((share, "faint" if share == MISSING else "good"), (f" {foreign(source_words(item), 72)}", "muted"))


def reuse_lines(state: LlmState, view: View, width: int, height: int) -> list[Line]:
    """One row per turn, newest first: its time in parts, and its prompt tokens, reused or evaluated."""
    if height < 3:
        return []
    shown = state.reuse[::-1][: height - 2]
    time_bar = max(8, (width - 46) // 2)
    token_bar = max(0, width - 46 - time_bar)
    longest = max((sum(ms for _, ms in _times(item)) for item in shown), default=0.0)
    largest_prompt = float(max((item.prompt_tokens or 0 for item in shown), default=0))
    glyphs = view.glyphs
    legend = (
        ("turn ", "muted"), ("  total ", "muted"), (f"{glyphs.hole} wait/load ", "bar.wait"),
        (f"{glyphs.setting} prefill ", "bar.prefill"), (f"{glyphs.service} decode", "bar.decode"),
        ("   prompt: ", "muted"), (f"{glyphs.code} reused ", "bar.reused"),
        (f"{glyphs.setting} evaluated", "bar.evaluated"), (f"   longest {duration(longest)}", "muted"),
    )  # fmt: skip
    rows = [title("requests, newest first", width, view), legend]
    rows.extend(_request(item, view, (time_bar, longest), (token_bar, largest_prompt)) for item in shown)
    return rows


def _times(item: Reuse) -> list[tuple[str, float]]:
    """(kind, ms) of the known parts of the request; the load time of a model that was loaded counts as waiting."""
    load = "load" if item.loaded else "wait"
    parts = [("wait", item.queue_ms), (load, item.load_ms), ("prefill", item.prefill_ms), ("decode", item.decode_ms)]
    return [(kind, ms) for kind, ms in parts if ms is not None]


def _request(item: Reuse, view: View, time: tuple[int, float], prompt: tuple[int, float]) -> Line:
    parts = _times(item)
    known = sum(ms for _, ms in parts) if parts else None
    role = "faint" if item.busy else "warn" if item.cold or item.broken or item.loaded else "good"
    reused = item.reused if item.reused is not None else 0
    evaluated = max((item.prompt_tokens or 0) - reused, 0)
    kinds = [(REUSED, float(reused)), (EVALUATED, float(evaluated))] if item.reused is not None else []
    mark = view.glyphs.upright if item.ordinal in view.epoch_starts else " "
    rate = f"{item.decode_rate:.0f}/s" if item.decode_rate is not None else MISSING
    spans = [
        (f"{view.turn_name(item.ordinal).removeprefix('turn '):>4}{mark}", "muted"),
        (right(duration(known), 7), "value"),
        (" ", "text"),
        *stack_line(parts, time[1], time[0], view.glyphs),
        (" ", "text"),
        *stack_line(kinds, prompt[1], prompt[0], view.glyphs),
        (right(tokens(item.prompt_tokens), 7), "text"),
        (right(share_words(item), 8), role if item.share is not None else "faint"),
        (right(rate, 7), "muted"),
        (f" {request_words(item)}", "warn"),
    ]
    return tuple(spans)


def criteria_lines(criteria: tuple[Criterion, ...], view: View, width: int) -> list[Line]:
    """The guide's criteria with their verdicts, under the headings of their groups."""
    if not criteria:
        return []
    marks = {PASS: view.glyphs.ok, FAIL: view.glyphs.fail}
    lines = [title("the guide's criteria", width, view)]
    group = ""
    for item in criteria:
        if item.group != group:
            group = item.group
            lines.append(line((foreign(group, width), "muted")))
        verdict = f"{marks.get(item.verdict, view.glyphs.none)} {foreign(verdict_words(item), 10)}"
        note = f"  {foreign(item.note, width)}" if item.note else ""
        lines.append(
            line(
                (left(verdict, 13), VERDICT_ROLE.get(item.verdict, "muted")),
                (left(foreign(item.label, 30), 31), "label"),
                foreign(value_words(item), width),
                (note, "muted"),
            )
        )
    return lines
