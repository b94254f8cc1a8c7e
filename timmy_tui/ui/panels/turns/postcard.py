"""A turn on twelve plain lines, to send to somebody: figures and reasons, nothing of what was said."""

import re

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import MISSING, count, duration, local_time, on_off
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.watched import CRITICAL, UNATTRIBUTED
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.report.words.llm import share_words
from timmy_tui.ui.paint.lines import cut
from timmy_tui.ui.paint.wording import finding_words, part_name, stage_name, tokens
from timmy_tui.ui.panels.headline import headline_words, with_count
from timmy_tui.ui.panels.live.diagnosis_line import fitting_diagnosis
from timmy_tui.ui.panels.turns.cells import epochs_of, why
from timmy_tui.ui.view import View

LINES = 12
WIDTH = 78
"""Cells of a line, at most."""
IN_A_LINE = 4
FIGURE = 14
"""Cells of a stage with its figure; two blanks stand between them."""


def postcard(turn: Turn, view: View) -> list[str]:
    """Exactly ``LINES`` lines."""
    stages = [(part_name(key), turn.stages.get(key), key in turn.skipped) for key in CRITICAL]
    stages.append((part_name(UNATTRIBUTED), turn.unattributed_ms, False))
    words = [f"{name:<6} {'skipped' if skipped else duration(ms):>7}" for name, ms, skipped in stages]
    rows = [words[at : at + IN_A_LINE] for at in range(0, len(words), IN_A_LINE)]
    usual = view.snapshot.headline
    p50 = f", p50 of {usual.n} turns {duration(usual.p50)}" if usual is not None and usual.n else ""
    state = turn.state.words
    reason = f": {clean(turn.reason, 200)}" if turn.reason and turn.state is not TurnState.COMPLETE else ""
    name = clean(turn.request_id, 12) or "typed"
    lines = [
        f"{watched().title}, turn {count(turn.number)}  {name}  {local_time(turn.started)}",
        f"{state}{reason}",
        f"{turn.span} {headline_words(turn, turn.headline_ms)}{p50}",
        *("  ".join(row) for row in rows),
        *_prompt(turn, view),
        f"{_flags(turn)}epoch {count(epochs_of(view).get(turn.ordinal))}, model {clean(turn.model or MISSING, 40)}",
        _why(turn, view),
        f"marked: {view.marks.get(turn.ordinal, 'no')}",
        f"level changes: {_findings(view)}",
    ]
    lines = [cut(line, WIDTH) for line in lines]
    return [*lines, *[""] * (LINES - len(lines))][:LINES]


def figures_of(line: str) -> list[str]:
    """``ENDPT    500ms``, ``STT       41ms``: the stages with their figures on a line of them; of another line none."""
    figures = [line[at : at + FIGURE].rstrip() for at in range(0, len(line), FIGURE + 2)]
    return figures if all(re.fullmatch(r"\S+ +(\S+s|skipped|—)", figure) for figure in figures) else []


def _cache(turn: Turn, view: View) -> str:
    return share_words(view.reuse.get(turn.ordinal))


def _prompt(turn: Turn, view: View) -> list[str]:
    """Tokens, and what v34 tells beside them; nothing where the log counts none."""
    if not watched().counts_tokens:
        return []
    counts = f"prompt {tokens(turn.prompt_tokens)} tok, reply {tokens(turn.output_tokens)} tok, "
    times = f"prefill {duration(turn.prefill_ms)}, decode {duration(turn.decode_ms)}, "
    return [f"{counts}{times if watched().is_built_in else ''}cache {_cache(turn, view)}"]


def _flags(turn: Turn) -> str:
    return f"tail mode {on_off(turn.tail_mode)}, raw {on_off(turn.raw)}, " if watched().is_built_in else ""


def _why(turn: Turn, view: View) -> str:
    """As much of the diagnosis as there is room for, as on the live screen: each part with its figure."""
    head = "why: "
    diagnosis = view.diagnosis_of(turn.ordinal)
    if diagnosis is not None and diagnosis.sentence:
        return head + fitting_diagnosis(diagnosis, WIDTH - len(head))
    return head + (why(turn, view) or "nothing unusual is known of it")


def _findings(view: View) -> str:
    """The two that matter most; what is no news only where there is no other."""
    ordered = sorted(view.findings, key=lambda one: (one is not view.leading, not one.notable, -abs(one.cost_ms)))
    words = [f"{stage_name(one.stage)} {finding_words(with_count(view, one), view.glyphs, 24)}" for one in ordered[:2]]
    return ", ".join(words) or "none"
