"""One calibration for each model, context window and version that served requests, and what earlier runs learned."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from timmy_tui.analysis.llm.calibration import Calibration
from timmy_tui.analysis.llm.prefill.curve import PRIOR_DEPTH
from timmy_tui.model.llm import LearnedRate, OllamaFacts, PrefillKey
from timmy_tui.model.model_names import canonical_model

RateKey = tuple[str, int, int]
"""Model, num_ctx and index of the version; ``""`` and 0: not known."""


ATTENTION_COST = 1.2
"""A multiplication of the attention over one of the weights: 1.1 on an RTX 4070, 1.4 on a processor (bench/engine)."""


class Calibrations:
    """Finds the calibration of a request."""

    def __init__(self, versions: Sequence[str | None]) -> None:
        """``versions``: by index; the list of the tracker, which grows."""
        self._versions = versions
        self._by_key: dict[RateKey, Calibration] = {}
        self._earlier: dict[PrefillKey, LearnedRate] = {}
        self._depth = PRIOR_DEPTH
        self._model, self._quantization = "", ""

    def __getitem__(self, key: RateKey) -> Calibration:
        calibration = self._by_key.get(key)
        if calibration is None:
            calibration = self._by_key[key] = Calibration(self._depth)
            self._teach(key, calibration)
        return calibration

    def forget(self, key: RateKey, ordinal: int) -> None:
        """Take out what this request taught under a key that is its own no more."""
        calibration = self._by_key.get(key)
        if calibration is not None:
            calibration.remove(ordinal)

    def set_facts(self, facts: OllamaFacts) -> bool:
        """The served model, its quantisation and its shape. True if an estimate may change."""
        served = facts.model or self._model, facts.quantization or self._quantization
        changed = False
        depth = None if facts.depth_cost is None else ATTENTION_COST * facts.depth_cost
        if depth is not None and depth != self._depth:
            self._depth, changed = depth, True
            for calibration in self._by_key.values():
                calibration.cold.expect_depth(self._depth)
        if served != (self._model, self._quantization):
            (self._model, self._quantization), changed = served, True
            self.remember(())
        return changed

    def remember(self, rates: Iterable[LearnedRate]) -> None:
        """What earlier runs or a probe learned; the same key again replaces it. Called again when a name is known."""
        self._earlier.update((_canonical(learned.key), learned) for learned in rates)
        for key, calibration in self._by_key.items():
            self._teach(key, calibration)

    @property
    def learned(self) -> tuple[LearnedRate, ...]:
        """What is worth keeping for a later run."""
        found = (calibration.learned(self._prefill_key(key)) for key, calibration in self._by_key.items())
        return tuple(learned for learned in found if learned is not None)

    def _teach(self, key: RateKey, calibration: Calibration) -> None:
        calibration.remember(self._learned_for(self._prefill_key(key)))

    def _learned_for(self, key: PrefillKey) -> LearnedRate | None:
        """That of this key; where a part of it is not known, the only one that it can be."""
        learned = self._earlier.get(key)
        if learned is not None:
            return learned
        parts = [(name, value) for name in key.__struct_fields__ if (value := getattr(key, name))]
        fitting = [one for known, one in self._earlier.items() if all(getattr(known, n) == value for n, value in parts)]
        return fitting[0] if len(fitting) == 1 and len(parts) < len(key.__struct_fields__) else None

    def _prefill_key(self, key: RateKey) -> PrefillKey:
        model, num_ctx, version_index = key
        version = self._versions[version_index] or ""
        return _canonical(PrefillKey(model or self._model, num_ctx, self._quantization, version))


def _canonical(key: PrefillKey) -> PrefillKey:
    """A probe names the model as v34's config writes it, a log as v34 printed it."""
    return replace(key, model=canonical_model(key.model)) if key.model else key
