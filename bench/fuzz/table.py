"""The one table of fuzzers: a new one is a strategy, a check, and a row here."""

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis.strategies import SearchStrategy

from bench.fuzz import literal, logs, own_files, services


class Fuzzer(NamedTuple):
    """Inputs of one kind, and what must hold of each."""

    inputs: Callable[[], SearchStrategy[Any]]
    check: Callable[[Any], None]
    """Raises for a finding, AssertionError or anything else."""


FUZZERS: dict[str, Fuzzer] = {
    "latency log": Fuzzer(logs.latency_inputs, logs.check_latency),
    "v34 log": Fuzzer(logs.v34_inputs, logs.check_v34),
    "both joined": Fuzzer(logs.joined_inputs, logs.check_joined),
    "server log": Fuzzer(logs.server_inputs, logs.check_server),
    "literal editor": Fuzzer(literal.inputs, literal.check),
    "settings": Fuzzer(own_files.settings_inputs, own_files.check_settings),
    "themes": Fuzzer(own_files.theme_inputs, own_files.check_theme),
    "HTTP answers": Fuzzer(services.http_inputs, services.check_http),
    "URLs": Fuzzer(services.url_inputs, services.check_url),
    "journal": Fuzzer(own_files.journal_inputs, own_files.check_journal),
    "history rows": Fuzzer(own_files.history_inputs, own_files.check_history),
    "status file": Fuzzer(own_files.status_inputs, own_files.check_status),
}
"""By name, in the order of the report."""
