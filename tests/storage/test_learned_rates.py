"""The cold rates that are kept for the next run, and what happens to a file that is not as it was left."""

from pathlib import Path
from typing import Any

import pytest

from timmy_tui.model.llm import LearnedRate, PrefillKey
from timmy_tui.storage.learned_rates import LEARNED_DAYS, MAX_RATES, NAME, RateFile

KEY = PrefillKey("m", 8000, "Q4_K_M", "0.12.11")
NOW = 1.8e9


def rate(**fields: Any) -> LearnedRate:
    return LearnedRate(
        **{"key": KEY, "ms_per_token": 0.25, "depth_cost": 6.7e-5, "samples": 3, "step_ms": 9.3, **fields}
    )


def test_a_rate_comes_back_until_it_is_too_old(tmp_path: Path) -> None:
    rates = RateFile(tmp_path / "new")
    assert rates.read(NOW) == ()
    assert rates.update([rate()], NOW)
    day = 86_400.0
    assert RateFile(tmp_path / "new").read(NOW + LEARNED_DAYS * day - 1) == (rate(),)
    assert rates.read(NOW + LEARNED_DAYS * day + 1) == ()
    assert (tmp_path / "new" / NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == [NAME]


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        ({}, False), ({"ms_per_token": 0.254}, False), ({"ms_per_token": 0.256}, True), ({"ms_per_token": 0.244}, True),
        ({"samples": 5}, False), ({"samples": 6}, True), ({"depth_cost": 1e-4}, True), ({"step_ms": 20.0}, False),
    ],
)  # fmt: skip
def test_only_what_says_something_new_is_written(tmp_path: Path, fields: dict[str, Any], written: bool) -> None:
    rates = RateFile(tmp_path)
    rates.update([rate()], NOW)
    assert rates.update([rate(**fields)], NOW) is written
    assert rates.read(NOW) == ((rate(**fields) if written else rate()),)


@pytest.mark.parametrize("other", [("n", 8000, "Q4_K_M", "0.12.11"), ("m", 4096, "Q4_K_M", "0.12.11"),
                                   ("m", 8000, "Q8_0", "0.12.11"), ("m", 8000, "Q4_K_M", "0.13.0")])  # fmt: skip
def test_each_model_window_quantisation_and_version_has_its_own(
    tmp_path: Path, other: tuple[str, int, str, str]
) -> None:
    rates = RateFile(tmp_path)
    rates.update([rate(), rate(key=PrefillKey(*other), ms_per_token=1.0)], NOW)
    assert sorted(item.ms_per_token for item in rates.read(NOW)) == [0.25, 1.0]


@pytest.mark.parametrize("fields", [{"ms_per_token": 0.0}, {"ms_per_token": -1.0}, {"ms_per_token": float("nan")},
                                    {"samples": 0}, {"depth_cost": -1e-5}, {"step_ms": 0.0},
                                    {"key": PrefillKey("", 8000, "", "")}])  # fmt: skip
def test_what_cannot_be_a_prefill_is_not_kept(tmp_path: Path, fields: dict[str, Any]) -> None:
    assert not RateFile(tmp_path).update([rate(**fields)], NOW)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[1]", b"\xff\xfe", b'[{"at": 1}]', b"x" * (2 << 20)])
def test_a_damaged_file_is_learned_again(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    rates = RateFile(tmp_path)
    assert rates.read(NOW) == ()
    assert rates.update([rate()], NOW)
    assert rates.read(NOW) == (rate(),)


def test_the_newest_are_kept(tmp_path: Path) -> None:
    rates = RateFile(tmp_path)
    for number in range(MAX_RATES + 1):
        rates.update([rate(key=PrefillKey(f"m{number}", 8000, "", ""))], NOW + number)
    models = {item.key.model for item in rates.read(NOW)}
    assert len(models) == MAX_RATES
    assert "m0" not in models
