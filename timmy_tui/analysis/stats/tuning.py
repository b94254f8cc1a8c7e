"""Every tuned number of detector, comparison and diagnosis, in one frozen value.

Each field says its unit, what it means, and the bench figure that set it, or that it is not measured. The formulas in
which they stand are in ``analysis/detect/STATISTICS.md``; the figures in ``bench/judgement/README.md``.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CusumTuning:
    """Evidence of one series (detect/cusum.py)."""

    shifts: tuple[float, ...] = (0.15, 0.30, 0.60, 1.20, -0.15, -0.30, -0.60, -1.20)
    """Log units. Shifts that are tested for: 16, 35, 80 and 230 %, both ways. One of 10 % would gather what sessions
    differ by. Measured (bench/judgement, bank): found within 20 turns are 51 % of ×1.2 and 90 % of ×1.5; with 10, 25,
    65, 200 % and an alarm at 8.5 they were 50 % and 79 %."""
    band: float = 0.2
    """Share of a shift. Each shift stands for those around it, as if they were spread by this much. Not
    measured by itself, only together with the shifts."""
    first_cap: float = 1.1
    """Evidence. Most that the first turn of a run may add. Not measured."""
    cap_growth: float = 0.25
    """Evidence. So much more for every turn that the run lasts. Not measured."""
    cap: float = 2.1
    """Evidence. Most that any turn may add. Not measured."""
    loss_cap: float = 1.5
    """Evidence. Most that one turn may take. Not measured."""
    run_loss: int = 2
    """Turns. So much shorter is a run for every turn that speaks against it. Not measured."""
    far_prior: float = 15
    """Turns. The assumption of how often a far slower turn is followed by another weighs as much. Not measured."""
    far_followed: float = 0.1
    """Share of far slower turns. Followed by another, as is assumed. Not measured."""
    far_weight: float = 0.75
    """Share. Of what such a follower would say if all were independent. Not measured."""
    longest_burst: int = 8
    """Turns. A longer run is a level, and no burst. Not measured."""
    least_share: float = 0.25
    """Share of a shift. A residual below it adds nothing to a shift without evidence. Not measured."""
    clip: float = 1.3
    """Log units. A residual counts as at most this much. Not measured."""
    wide_share: float = 0.10
    """Share of turns. Those that are taken for outliers: the weight of the wide part of the density. Not measured."""
    wide_scales: float = 4.0
    """Scales. Standard deviation of the wide part, in scales of the narrow one. Not measured."""
    wide_least: float = 0.5
    """Log units. Least standard deviation of the wide part. Not measured."""
    allowance_errors: float = 1.5
    """Standard errors. A residual counts only beyond so many standard errors of the reference. Not measured."""
    confidence_scale: float = 3.0
    """Evidence. Confidence is 1 − exp(−evidence / this). Not measured."""


@dataclass(frozen=True, slots=True)
class HabitsTuning:
    """What a log has shown of its machine (detect/habits.py)."""

    alike: float = 0.1
    """Share. Correlation of neighbouring turns that is assumed. Not measured."""
    alike_values: float = 150
    """Values. The assumption weighs as much as so many, of all series. Not measured."""
    calm_alike: float = 0.06
    """Share. Correlation of a machine whose turns are independent. Not measured."""
    restless_alike: float = 0.14
    """Share. Of one on which slow turns do not come alone. Not measured."""
    burst_odds: float = -1.0
    """Evidence. That slow turns come in bursts on a machine that has shown nothing yet. Not measured."""
    burst_share: float = 0.15
    """Share of runs. That are bursts where such happen. Measured (bench/judgement, logs for tuning): false alarms where
    a GPU is shared 0.69 per 1000 turns with 0.1, 0.86 with 0.2; ×1.5 behind 7.1 and 7.0 turns."""
    longest_told: int = 4
    """Turns. Of a burst; a longer run tells as much. Not measured."""
    seen_single: float = 0.1
    """Share of bursts. Of which only one turn is far slower. Not measured."""
    most_told: float = 4.0
    """Evidence. Most that one run tells. Not measured."""
    most_odds: float = 4.0
    """Evidence. More is not believed, either way: machines change. Not measured."""
    quiet_turn: float = 0.01
    """Evidence. Against bursts on the GPU, of a turn in which no stages there were slow together. Not measured."""
    far_by_chance: float = 0.06
    """Share of turns. Far slower by themselves. Measured (bench/judgement, logs for tuning): some 5 % in the quiet
    worlds; runs of four were in at most 3 of 32 logs of 150 turns there, and in 26 of 32 with bursts."""
    gpu_by_chance: float = 0.03
    """Share of turns. In which stages on the GPU are slow together by chance. Not measured."""
    gpu_stages: int = 2
    """Stages. So many are together. Not measured."""
    gpu_scales: float = 2.0
    """Scales. A value beyond is slow for that: what stages share may be less than what bursts are. Not measured."""
    calm_allowance: float = 0.75
    """Share of a level's error that is allowed for on a machine without unrest. Measured
    (bench/judgement, logs for tuning): ×1.2 found within 20 turns in 58 % of what can be found, without it in 56 %."""
    least_scale: float = 0.05
    """Log units. In steadier series sessions are alike, and no neighbours. Not measured."""


@dataclass(frozen=True, slots=True)
class ReferenceTuning:
    """The usual level of one series (detect/level.py, detect/judged_level.py)."""

    least_values: int = 12
    """Values. With fewer in the reference nothing is judged. Not measured."""
    most_values: int = 200
    """Values. With more the oldest go. Not measured."""
    held_back: int = 40
    """Values. At most so many of the newest stay out of the reference while they may be an excursion. Not measured."""
    refit_every: int = 5
    """Values. At least so many are taken in between two fits. Not measured."""
    refit_share: float = 0.1
    """Share of the reference. And at least so many. Not measured."""
    far_scales: float = 2.0
    """Scales. A residual beyond is far out: clipped for its neighbours, and its rarity asked. Not measured."""
    burst_scales: float = 3.0
    """Scales. A value beyond is far slower, and may be one of a burst. Not measured."""
    rare: float = 0.1
    """Share of the reference. Where as many or fewer are as far out, a value counts in full. Not measured."""
    rarity_share: float = 0.7
    """Share of a residual. As far out are those beyond so much of it. Not measured."""
    alike: float = 0.1
    """Share. Correlation of neighbours that is assumed. Not measured."""
    alike_values: float = 20
    """Values. The assumption weighs as much as so many. Not measured."""
    most_alike: float = 0.5
    """Share. More is not believed. Not measured."""
    tick_share: float = 0.25
    """Share of the reference. With fewer distinct values a clock moves in steps. Not measured."""
    least_ms: float = 0.1
    """ms. A level before or after a move is said to be at least this: below there is only softening. Not measured."""
    tick_values: int = 60
    """Values. In a longer reference it is no more looked for. Not measured."""
    least_tick_ms: float = 2.0
    """ms. A finer step is none. Not measured."""
    tick_scale: float = 0.41
    """Times the step. Standard deviation of a difference of two stamps: 1/√6. Not measured: it is mathematics."""
    least_scale: float = 0.02
    """Log units. Least scale of a series: none here is steadier than 2 %. Not measured."""
    first_scale: float = 0.1
    """Log units. Scale before the first fit. Not measured; nothing is judged before a fit."""
    caution: float = 10
    """Values. The scale of n values is multiplied by 1 + (this / n)²: 1.7 at twelve, 1.1 at thirty. Not
    measured today; the detector before had 1.5 to 2.2 false alarms per 1000 in the first 70 turns without it."""
    session_turns: int = 35
    """Turns. Length of a usual session: a shorter reference holds the chance level of one session, a longer one of
    several. Not measured by itself, only together with the caution."""
    own_share: float = 0.7
    """Share. So much of what a session's own values say of its level is believed. Measured (bench/judgement, logs for
    tuning): false alarms where restarts differ by 3–5 % 0.86 per 1000 turns, 1.03 with 0.5."""
    steady_scale: float = 0.1
    """Log units. In series with more spread what a session that has just begun may differ by counts so much less:
    their smallest shift is far beyond it. Not measured by itself."""
    settled_values: int = 6
    """Values. Enough for a new reference after a move; until there are ``least_values`` the old scale has a part in
    it. Not measured."""


@dataclass(frozen=True, slots=True)
class DetectorTuning:
    """When a move is an alarm (detect/detector.py, detect/findings.py)."""

    alarm: float = 8.6
    """Evidence. From here on a move is reported where slow turns come in bursts. Measured (bench/judgement, logs for
    tuning): with 8.4 false alarms are 0.93 per 1000 clean turns where several causes meet, with this 0.85."""
    calm_alarm: float = 5.9
    """Evidence. The same where turns have shown to be independent of each other: five that double are enough, four are
    not. Measured (bench/judgement, logs for tuning, with ``calm_separation``): ×1.5 behind 7.1 turns, without both 7.7.
    """
    least_separation: float = 3.9
    """Standard deviations. The ranks of the excursion and of the reference are at least so far apart. Measured
    (bench/judgement, logs for tuning): where several causes meet 0.82 false alarms per 1000 turns, with 3.5 1.25."""
    calm_separation: float = 2.4
    """Standard deviations. The same where turns are independent of each other. Measured
    (bench/judgement, logs for tuning, with ``calm_alarm``): ×2 behind 6.2 turns, without both 6.9."""
    whole_alarm: float = 11.0
    """Evidence. From here on V2V by itself is one: a burst in any stage is in it. Not measured."""
    partner: float = 4.0
    """Evidence. From here on another stage counts as moving too. Not measured."""
    least_ratio: float = 1.05
    """Ratio. A smaller move is not reported, whatever its evidence. Not measured."""
    one_cause_turns: int = 15
    """Turns. Alarms of related stages within so many are one finding. Not measured."""
    return_share: float = 0.4
    """Share of the old move. A level that comes this close to where it was is back. Not measured."""
    least_move_values: int = 3
    """Values. A stage that moves with another one takes at least so many as its new reference. Not measured."""
    usual_loads: int = 20
    """Turns. Their load times tell what an ordinary load is. Not measured."""
    whole_values: int = 30
    """Values. With fewer V2V is not judged: the stages behind its usual are being learned. Not measured."""
    sessions_at_once: int = 8
    """Restarts. Of so many sessions the newest turn is known: two v34 may write one log. Not measured."""
    session_offsets: int = 60
    """Values. The newest of a group tell how far its sessions differ. Not measured."""
    session_weight: float = 5
    """Values. The assumption weighs as much as so many. Not measured."""
    ended_findings: int = 50
    """Findings. So many that are over are kept. Not measured."""
    live_values: int = 15
    """Values. The newest so many tell where a level that has moved stands now; until there are as many, it stands where
    the alarm found it. Not measured."""
    rising_errors: float = 1.5
    """Standard errors. A level whose newest values are so far beyond it is still moving. Not measured."""


@dataclass(frozen=True, slots=True)
class SeriesTuning:
    """How a time becomes a value (stats/series.py, stats/ordering.py).

    A stage's own numbers stand in the stage table.
    """

    gap_soft_ms: float = 5.0
    """ms. Added to a gap before its logarithm: most are a fraction of a millisecond. Not measured."""
    least_ms: float = 0.1
    """ms. No ratio is taken of less: stamps of a few microseconds are noise. Not measured."""
    loaded_ms: float = 500.0
    """ms. A longer load is a model that was read from disk. Not measured."""
    loaded_times: float = 3.0
    """Times the usual load. So is one above this. Not measured."""
    clocks_differ_ms: float = 1.0
    """ms. Clocks that differ by less agree, as in the ledger of a turn: threads and ticks. Not measured."""


@dataclass(frozen=True, slots=True)
class WorkloadTuning:
    """How work is taken out (stats/workload.py); the priors of the slopes stand in the stage table."""

    huber: float = 1.5
    """Scales. Residuals beyond so many weigh less, in proportion. Not measured."""
    rounds: int = 4
    """Rounds. Reweighted fits; the slopes move by less than 1 % after the third. Not measured by a bench."""
    least_values: int = 5
    """Values. With fewer the slopes are the priors. Not measured."""
    least_scale: float = 0.02
    """Log units. Least scale inside a fit. Not measured."""
    least_error_share: float = 0.5
    """Share of the prior's standard deviation. The standard error of a slope is at least this. Not measured."""
    later_rounds: int = 2
    """Rounds. Enough from the slopes of the fit before, which saw nearly the same values. Not measured by a bench."""
    offsets: tuple[float, ...] = (1.0, 30.0, 100.0, 200.0, 350.0, 600.0, 1000.0)
    """Tokens. Evaluated besides the prompt's growth: almost none where the count is exact, ~600 behind a whole history;
    the one that fits best is taken. Not measured."""
    mix_values: int = 20
    """Values. With fewer it is not certain how the tokens come about, and the stage is not judged. Not measured."""
    as_good: float = 0.15
    """Share of the least scale. Mixes that leave so much more unexplained may be the right one as well: a comparison
    of two sides counts how far they differ. Not measured by itself; its effect is in bench/judgement, pairs."""
    as_good_of_few: float = 0.5
    """Share of the least scale. The same below ``mix_values``, where no mix is chosen. Not measured."""
    chunk_tokens: tuple[float, ...] = (0.0, 25.0, 50.0, 90.0)
    """Tokens. Of one memory in the prompt; the one that fits best is taken. Not measured."""
    head_tokens: tuple[float, ...] = (0.0, 200.0, 450.0)
    """Tokens. Of the prompt's head, which is reused where all behind it is not. Not measured."""
    token_characters: float = 4.3
    """Times. Characters of a reply for one output token, where Ollama's count is missing. Not measured."""


@dataclass(frozen=True, slots=True)
class SessionNoiseTuning:
    """How far sessions differ by chance (stats/session_noise.py, compare/restart_noise.py)."""

    assumed: float = 0.02
    """Log units. Until restarts have taught better; the detector never takes less. Measured (bench/judgement, noise,
    seed 36): 0.17 % false verdicts a stage test where sessions differ by 2 %, 7.5 % where they differ by 4 %."""
    beginning: float = 0.05
    """Log units. What the detector assumes of a session that has just begun, until those that ended have taught better
    and as far as its first values leave it open. Measured (bench/judgement, logs for tuning): false
    alarms where restarts differ by 3–5 % from 1.29 to 0.86 per 1000 turns."""
    quietest: float = 0.01
    """Log units. Least that is learned: a few quiet restarts would call every 3 % a change. Not measured."""
    loudest: float = 0.08
    """Log units. Most that is learned: above it nothing would be called. Not measured."""
    newest_restarts: int = 25
    """Restarts. Only the newest are looked at. Measured (bench/judgement, pace): some 0.4 s for 25; what more would
    teach is not measured."""
    prior_restarts: float = 3
    """Restarts. The assumption weighs as much as so many. Measured (bench/judgement, noise): false verdicts 1.0 % and
    1.5 % where sessions differ by 4 and 6 % (seed 36); with 5 they were 1.8 % and 2.7 % (seed 33)."""
    corner: float = 1.5
    """Standard deviations. A difference beyond counts as this much: a service updated between two sessions. Not
    measured."""
    corner_mean: float = 0.7785
    """Squared standard deviations. Mean of min(z², corner²) for a normal z. Not measured: it follows from the corner.
    """
    search_to: float = 0.5
    """Log units. The estimate is looked for between 0 and this. Not measured."""
    search_rounds: int = 40
    """Rounds. Halvings of that range: to 5e-13. Not measured."""


@dataclass(frozen=True, slots=True)
class ComparisonTuning:
    """Two sets of turns (compare/comparison.py, compare/crossover.py, compare/trial.py, stats/rank_shift.py)."""

    least_values: int = 5
    """Values a side. With fewer there is no verdict. Not measured."""
    soft_ms: float = 0.5
    """ms. Added to every time before its logarithm, hops too: the ratio is shown. Not measured."""
    most_turns: int = 200
    """Turns a side. Only the newest are looked at. Not measured."""
    false_verdicts: float = 0.20
    """Chance. Nominal, of any false verdict over all stages of a comparison (Holm's level). Measured (bench/judgement,
    pairs, seed 32): 3.5 % of pairs with any at n = 10, 5.4 % at n = 30."""
    false_verdicts_looked: float = 0.07
    """Chance. The same for a verdict that is looked at after every turn, from ``looked_turns`` on; in proportion to the
    turns below. Measured (bench/judgement, seeds for tuning): of 210 pairs without a change, looked at after each of 5
    to 40 turns, 14 were ever called with 0.08 and 18 with 0.10; of 600 pairs 7.7 % with this and 9.8 % with 0.09, at
    30 turns +20 % in 69 and 70 %."""
    looked_turns: float = 30
    """Turns. Early looks are many and know little: they get less of the chance, as O'Brien and Fleming (1979) give it.
    Measured (bench/judgement, seeds for tuning): at as many false ones, a level that did not grow told 4 points less of
    +20 % at 30 turns."""
    assumed_noise: float = 0.025
    """Log units. How far sessions differ by chance, until restarts have taught better; more than the detector assumes.
    Measured (bench/judgement, seeds for tuning): with 0.02 intervals held the truth in 95 % of the mean of the worlds
    and in 83 % where restarts differ by 3–5 %, with this in 97 % and 89 %."""
    parts_known: float = 0.9
    """Share of turns. A stage whose parts are known of so many is compared at equal work of each part. Not measured."""
    inflation: float = 1.1
    """Times. Turns of one session resemble each other: an interval is so many times as wide as for independent ones.
    Measured (bench/judgement, seeds for tuning): with 1.2 intervals held the truth in 97 % at n = 30 before what is not
    known of the work was counted."""
    both_ratios_apart: float = 0.25
    """Log units. Plain and adjusted ratio further apart than this are both given. Not measured."""
    asked_share: float = 0.10
    """Share. The difference that is asked about: an interval within it and around 1 is no change, a wider one says how
    many turns it would take. Not measured."""
    least_share: float = 0.3
    """Share. A stage that takes place in fewer turns more or less than this is not told of. Not measured."""
    share_p: float = 0.01
    """Chance. And its share of the turns differs by Fisher's test at this level. Not measured."""
    share_p_looked: float = 0.002
    """Chance. The same for a verdict that is looked at after every turn. Measured (bench/judgement, seeds for tuning):
    with 0.01 a share was named at some look in 3.7 % of 300 pairs without a change."""
    small_ms: float = 10.0
    """ms. A stage that takes less than this is a small one: a fifth of it is less than 2 ms. Not measured."""
    small_weight: float = 0.1
    """Share. So much weighs a small stage in Holm's procedure: four of them beside ten others would cost these a third
    of their chance to be told, for moves that nobody hears. Not measured."""
    least_gap_ms: float = 5.0
    """ms. A gap is compared where it is at least this on one side. Not measured."""
    ratio_words_below: float = 10.0
    """Ratio. From here on, and from one over it down, a sentence gives the two times in its place. Not measured."""
    named_stages: int = 3
    """Stages. A sentence names at most so many. Not measured."""


@dataclass(frozen=True, slots=True)
class DiagnosisTuning:
    """Why one turn was slow (detect/diagnosis.py)."""

    least_turns: int = 8
    """Turns. Complete ones before anything is called usual. Not measured."""
    least_optional: int = 3
    """Values. Of a stage that is often left out; before that a usual turn is one without it. Not measured."""
    slow_ms: float = 300.0
    """ms. A slow turn is over its usual by more than this. Not measured."""
    slow_scales: float = 4.0
    """Scales. And by more than so many robust scales of the excesses before it. Not measured."""
    worth_ms: float = 20.0
    """ms. A smaller contribution is part of the rest. Not measured."""
    worth_share: float = 0.1
    """Share of the excess. So is a contribution below this. Not measured."""
    memory_turns: int = 100
    """Turns. Their excesses tell what is ordinary, and how often memory is stored. Not measured."""
    diagnosed_turns: int = 200
    """Turns. A report diagnoses the newest. Not measured by a bench (1.3 ms each)."""


@dataclass(frozen=True, slots=True)
class OccurrenceTuning:
    """In how many turns a stage takes place (detect/share.py)."""

    shares: tuple[float, ...] = (0.05, 0.35, 0.65, 0.95)
    """Share of the turns. Those that are tested for, where they differ by as much as a comparison tells of. Not
    measured."""
    least_values: int = 20
    """Values. With fewer in the reference nothing is judged. Not measured."""
    least_share: float = 0.02
    """Share. What never happened is taken to happen this often, and what always did to be left out so. Not measured."""
    allowance_errors: float = 1.5
    """Standard errors. As much nearer to the share that is tested for the usual one may be. Not measured."""
    alarm: float = 8.3
    """Evidence. From here on a change of the share is reported. Not measured."""
    session_logits: float = 0.5
    """Log units of the odds. So far sessions differ by what is talked of. Not measured by a bench; on simulated shares
    that do so, and whose turns are as the one before in 30 %, 0.7 to 1.1 false alarms per 1000, without it 4 to 9."""
    p: float = 0.001
    """Chance. The shares ahead and behind differ by Fisher's test at this level. Not measured."""


@dataclass(frozen=True, slots=True)
class ReuseTuning:
    """When a prompt cache has stopped helping (detect/broken_reuse.py)."""

    broken_share: float = 0.8
    """Share. A turn that evaluates this much of its prompt reused next to nothing. Not measured."""
    working_share: float = 0.65
    """Share. And half of the turns before evaluated at most this much: short prompts at the beginning of a session are
    evaluated for the most part. Not measured."""
    least_run: int = 4
    """Turns. In a row without reuse; the second and third turn of a session may evaluate most of a short prompt. Not
    measured."""
    turns_at_hand: int = 500
    """Turns. The newest so many are looked at; what a verdict looks back on is 200 a side and what lies between. Not
    measured."""
    least_reference: int = 8
    """Turns. With fewer before them nothing is said. Not measured."""
    reference_turns: int = 60
    """Turns. The newest so many before them. Not measured."""
    least_cold: int = 2
    """Values. First turns of sessions that tell what a whole prompt takes, where Ollama does not count it. Not
    measured."""
    least_cost_ms: float = 20.0
    """ms. A turn that evaluates its whole short prompt in less than this more is no loss. Not measured."""
    slower_pace: float = 1.25
    """Ratio. Where a token of the answer takes so much longer too, or one of a first prompt, the card is slower. Not
    measured."""
    longer_prompt: float = 1.2
    """Times what is evaluated while the cache works. A shorter prompt, as at the beginning of a session, shows nothing
    of it. Not measured."""
    whole_shares: tuple[float, ...] = (0.85, 1.25)
    """Share. By time the median of whole prompts lies between; a slower card has any. Not measured."""
    prompt_spread: float = 0.1
    """Log units. Prompts that differ by less do not show whether the time grows with them. Not measured."""


@dataclass(frozen=True, slots=True)
class RowTuning:
    """Rows of figures (stats/percentiles.py, detect/ratios.py)."""

    sparkline_turns: int = 60
    """Turns. The newest are drawn beside a stage's figures. Not measured."""
    least_before: int = 2
    """Values. With fewer before the newest there is no Δ. Not measured."""
    remembered_turns: int = 300
    """Turns. Whose ratios to the usual are kept; the widest pane that was drawn has 250 columns. Not measured."""
    usual_gap_turns: int = 60
    """Turns. The median of so many is the usual unattributed time; its gaps are judged one by one. Not measured."""


@dataclass(frozen=True, slots=True)
class ListeningTuning:
    """The rhythm of pauses without text (stats/pass_time.py)."""

    least_spacings: int = 20
    """Values. With fewer spacings nothing is said: 15 s of a quiet room. Not measured."""
    shortest_pass_s: float = 0.01
    """Seconds. A pass takes tens to hundreds of ms; silence is filtered before the model, so a quiet one is quick. Not
    measured."""
    longest_pass_s: float = 0.4
    """Seconds. Upstream's loop was run with passes of 50 to 400 ms; none is documented to take longer. Not measured."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """All sections."""

    cusum: CusumTuning = field(default_factory=CusumTuning)
    habits: HabitsTuning = field(default_factory=HabitsTuning)
    reference: ReferenceTuning = field(default_factory=ReferenceTuning)
    detector: DetectorTuning = field(default_factory=DetectorTuning)
    series: SeriesTuning = field(default_factory=SeriesTuning)
    workload: WorkloadTuning = field(default_factory=WorkloadTuning)
    session_noise: SessionNoiseTuning = field(default_factory=SessionNoiseTuning)
    comparison: ComparisonTuning = field(default_factory=ComparisonTuning)
    diagnosis: DiagnosisTuning = field(default_factory=DiagnosisTuning)
    occurrence: OccurrenceTuning = field(default_factory=OccurrenceTuning)
    reuse: ReuseTuning = field(default_factory=ReuseTuning)
    rows: RowTuning = field(default_factory=RowTuning)
    listening: ListeningTuning = field(default_factory=ListeningTuning)


TUNING = Tuning()
"""What the program runs with."""
