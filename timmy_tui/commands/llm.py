"""``timmy-tui doctor``, ``probe`` and ``warm``."""

import contextlib
import sys
import time
from typing import TYPE_CHECKING

import click

from timmy_tui.bootstrap.startup import Place
from timmy_tui.commands.shared.options import root_option, settings_option, takes
from timmy_tui.core.errors import NotFound
from timmy_tui.core.output import say, say_json
from timmy_tui.core.settings import load_settings, state_dir

if TYPE_CHECKING:
    from timmy_tui.doctor.result import DoctorLine
    from timmy_tui.llm_actions.probe import Probe
    from timmy_tui.sources.services.urls import ModelConfig

url_option = click.option("--url", help="Ollama's base URL; default: the settings, then v34's config, then localhost.")
model_option = click.option(
    "--model", help="Name of the model; default: the one that v34 uses, by its log, then by its config."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


class DoctorOptions(Place, frozen=True, kw_only=True):
    """How the result is printed."""

    as_json: bool


@click.command()
@root_option
@settings_option
@json_option
@takes(DoctorOptions)
def doctor(options: DoctorOptions) -> int:
    """Check files, formats, services, versions, clocks, flags and the terminal; change nothing.

    Exit code: 0 when nothing fails, 1 when something does.
    """
    from timmy_tui.doctor.checks import run_checks

    lines = run_checks(options.root, options.settings_path, time.time())
    counts = {level: sum(line.level == level for line in lines) for level in ("ok", "warn", "fail")}
    if options.as_json:
        say_json({"schema": "timmy-tui.doctor/1", "counts": counts, "lines": lines})
    else:
        _print_doctor(lines, counts)
    return 1 if counts["fail"] else 0


class OllamaOptions(Place, frozen=True, kw_only=True):
    """Which Ollama and which model; None: those of the settings or of v34's config."""

    url: str | None
    model: str | None
    yes: bool


class ProbeOptions(OllamaOptions, frozen=True, kw_only=True):
    """The context window, and how the answers are printed."""

    num_ctx: int | None
    as_json: bool


@click.command()
@root_option
@settings_option
@url_option
@model_option
@click.option(
    "--num-ctx", type=click.IntRange(256), help="Context window; another than v34's makes Ollama reload the model."
)
@yes_option
@json_option
@takes(ProbeOptions)
def probe(options: ProbeOptions) -> int:
    """Ask Ollama seven short questions that show whether its prompt cache works.

    Exit code: 0 when it works, 1 when nothing shows that it does.
    """
    from timmy_tui.llm_actions.probe import WARNING, run_probe
    from timmy_tui.llm_actions.probed_rate import probed_rate
    from timmy_tui.storage.learned_rates import RateFile

    url, config = _ollama(options)
    _confirm(WARNING, options.yes)

    def print_step(label: str) -> None:
        say(f"… {label}", err=True)

    model, num_ctx = options.model or config.model, options.num_ctx or config.num_ctx
    result = run_probe(url, model, num_ctx, config.keep_alive or "1h", print_step)
    rate = probed_rate(result)
    if rate is not None:
        with contextlib.suppress(OSError):
            RateFile(state_dir()).update([rate])
    if options.as_json:
        say_json({"schema": "timmy-tui.probe/1", "probe": result})
    else:
        _print_probe(result)
    return 0 if result.verdict == "works" else 1


@click.command()
@root_option
@settings_option
@url_option
@model_option
@yes_option
@takes(OllamaOptions)
def warm(options: OllamaOptions) -> None:
    """Load the model with v34's num_ctx and keep_alive, so that the next turn does not wait for it."""
    from timmy_tui.core.foreign.addresses import mask_url
    from timmy_tui.llm_actions.warm import plan_warm, send_warm

    url, config = _ollama(options)
    plan = plan_warm(url, config, options.model)
    window = f"num_ctx {plan.num_ctx}" if plan.num_ctx else "the default num_ctx"
    model_text = f"{plan.model} with {window}, kept for {plan.keep_alive}, at {mask_url(url)}"
    _confirm(f"This loads {model_text}. It generates nothing.", options.yes)
    started = time.monotonic()
    send_warm(plan)
    say(f"loaded {model_text} in {time.monotonic() - started:.1f}s")


def _ollama(options: OllamaOptions) -> "tuple[str, ModelConfig]":
    """Ollama's URL and the model settings of v34; neither command needs an installation."""
    from timmy_tui.bootstrap.wanted_model import wanted_model
    from timmy_tui.core.foreign.addresses import ADVICE, base_url, not_an_address
    from timmy_tui.core.installation import find_installation
    from timmy_tui.sources.services.urls import USUAL_PORTS, ServiceConfig
    from timmy_tui.sources.timmy import timmy_at

    settings = load_settings(options.settings_path)
    try:
        root = find_installation(settings, options.root).root
    except NotFound:
        if options.root is not None:
            raise
        root = None
    asked = "" if options.url is None else base_url(options.url, USUAL_PORTS["ollama"])
    if options.url is not None and not asked:
        raise click.UsageError(f"--url is {not_an_address(options.url)}. {ADVICE}")
    services = ServiceConfig(settings, root)
    model = services.model
    if root is not None and options.model is None:
        model = wanted_model(timmy_at(root, settings), model)
    return asked or services.urls.ollama, model


def _confirm(warning: str, yes: bool) -> None:
    """Ask the user, unless ``yes``. Raises UsageError without a terminal, Abort when the user declines."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{warning} There is no terminal to ask on; use --yes.")
    say(warning, err=True)
    click.confirm("Continue?", abort=True, err=True)


def _print_doctor(lines: "list[DoctorLine]", counts: dict[str, int]) -> None:
    level_texts = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}
    for line in lines:
        say(f"{level_texts[line.level]}  {line.subject:<12} {line.text}")
        if line.hint:
            say(f"{'':19}→ {line.hint}")
    say()
    say(f"{counts['ok']} ok, {counts['warn']} warnings, {counts['fail']} failing")


def _print_probe(result: "Probe") -> None:
    from timmy_tui.core.formatting import count, duration

    say(f"Ollama {result.version or 'of unknown version'} at {result.url}, {result.model}")
    say()
    for step in result.steps:
        say(step.label)
        if step.problem:
            say(f"    {step.problem}")
        else:
            cached = "" if step.cached_tokens is None else f", cached {step.cached_tokens}"
            array = "none" if step.context is None else f"{step.context} ids"
            figures = f"prompt_eval_count {count(step.prompt_tokens)}{cached}, prefill {duration(step.prefill_ms)}"
            say(f"    {figures}, decode {duration(step.decode_ms)}, context {array}")
        say(f"    {step.meaning}")
    verdict_texts = {"works": "The prompt cache works", "does not show": "No sign of the prompt cache"}
    say()
    say(f"{verdict_texts.get(result.verdict, 'Not judged')}: {result.summary}.")
