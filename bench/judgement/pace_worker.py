"""Judges the logs that it is asked for on its input; run in the checkout whose judge it is, which may be an old one."""

import sys
import time

from bench.judgement.turns import make_turns
from timmy_tui.analysis.judge import Judge

for line in sys.stdin:
    count, seed = map(int, line.split())
    turns = make_turns(count, seed)
    judge = Judge()
    began = time.process_time()
    for turn in turns:
        judge.add(turn)
        judge.state()
    spent = time.process_time() - began
    print(1000 * spent / count, sum(turn.headline_ms or 0.0 for turn in turns), flush=True)
