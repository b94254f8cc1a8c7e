"""``timmy-tui doctor``, ``probe`` and ``warm``."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from timmy_tui.commands.options import root_option, settings_option
from timmy_tui.core.errors import NotFound
from timmy_tui.core.settings import Settings, load_settings

if TYPE_CHECKING:
    from timmy_tui.doctor.result import DoctorLine
    from timmy_tui.ollama.probe import Probe

url_option = click.option("--url", help="Ollama's base URL; else the settings, v34's config, localhost.")
model_option = click.option("--model", help="Else v34's config, else what is loaded.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.command()
@root_option
@settings_option
@json_option
def doctor(root: Path | None, settings_path: Path | None, as_json: bool) -> int:
    """Look at files, formats, services, versions, clocks, flags and the terminal; change nothing.

    Exit code: 0 when nothing fails, 1 when something does.
    """
    from timmy_tui.doctor.checks import run_checks

    lines = run_checks(root, settings_path, time.time())
    levels = {level: sum(line.level == level for line in lines) for level in ("ok", "warn", "fail")}
    if as_json:
        _print_json({"schema": "timmy-tui.doctor/1", "counts": levels, "lines": lines})
    else:
        _print_doctor(lines, levels)
    return 1 if levels["fail"] else 0


@click.command()
@root_option
@settings_option
@url_option
@model_option
@click.option("--num-ctx", type=click.IntRange(256), help="Window; another than v34's makes Ollama reload the model.")
@yes_option
@json_option
def probe(
    root: Path | None,
    settings_path: Path | None,
    url: str | None,
    model: str | None,
    num_ctx: int | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Ask Ollama seven short questions that show whether its prompt cache works.

    Exit code: 0 when it works, 1 when nothing shows it.
    """
    from timmy_tui.ollama.probe import WARNING, run_probe
    from timmy_tui.sources.services.urls import model_config

    settings, place, base = _place(root, settings_path, url)
    config = model_config(settings, place)
    _confirm(WARNING, yes)

    def told(label: str) -> None:
        click.echo(f"… {label}", err=True)

    found = run_probe(base, model or config.model, num_ctx or config.num_ctx, config.keep_alive or "1h", told)
    if as_json:
        _print_json({"schema": "timmy-tui.probe/1", "probe": found})
    else:
        _print_probe(found)
    return 0 if found.verdict == "works" else 1


@click.command()
@root_option
@settings_option
@url_option
@model_option
@yes_option
def warm(root: Path | None, settings_path: Path | None, url: str | None, model: str | None, yes: bool) -> None:
    """Load the model with v34's num_ctx and keep_alive, so that the next turn need not wait for it."""
    from timmy_tui.ollama.warm import plan_warm, send_warm
    from timmy_tui.sources.services.urls import mask_url, model_config

    settings, place, base = _place(root, settings_path, url)
    warmth = plan_warm(base, model_config(settings, place), model)
    window = f"num_ctx {warmth.num_ctx}" if warmth.num_ctx else "the default num_ctx"
    what = f"{warmth.model} with {window}, kept for {warmth.keep_alive}, at {mask_url(base)}"
    _confirm(f"This loads {what}. It generates nothing.", yes)
    began = time.monotonic()
    send_warm(warmth)
    click.echo(f"loaded {what} in {time.monotonic() - began:.1f}s")


def _place(root: Path | None, settings_path: Path | None, url: str | None) -> tuple[Settings, Path | None, str]:
    """Settings, Timmy's folder if there is one, and Ollama's URL: neither command needs a Timmy."""
    from timmy_tui.core.installation import find_installation
    from timmy_tui.sources.services.urls import base_url, resolve_urls

    settings = load_settings(settings_path)
    try:
        place = find_installation(settings, root).root
    except NotFound:
        if root is not None:
            raise
        place = None
    if url is not None and not base_url(url):
        raise click.UsageError(f"--url {url!r} is no http URL.")
    return settings, place, base_url(url) or resolve_urls(settings, place).ollama


def _confirm(warning: str, yes: bool) -> None:
    """Nobody to ask means no. Raises UsageError without a terminal, Abort when the user declines."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{warning} Without a terminal it needs --yes.")
    click.echo(warning, err=True)
    click.confirm("Go on?", abort=True, err=True)


def _print_json(what: Any) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(what), indent=1).decode() + "\n")


def _print_doctor(lines: "list[DoctorLine]", levels: dict[str, int]) -> None:
    marks = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}
    for line in lines:
        click.echo(f"{marks[line.level]}  {line.subject:<12} {line.text}")
        if line.hint:
            click.echo(f"{'':19}→ {line.hint}")
    click.echo(f"\n{levels['ok']} ok, {levels['warn']} to look at, {levels['fail']} failing")


def _print_probe(found: "Probe") -> None:
    from timmy_tui.core.formatting import count, duration

    click.echo(f"Ollama {found.version or 'of unknown version'} at {found.url}, {found.model}\n")
    for step in found.steps:
        click.echo(step.label)
        if step.problem:
            click.echo(f"    {step.problem}")
        else:
            cached = "" if step.cached_tokens is None else f", cached {step.cached_tokens}"
            array = "none" if step.context is None else f"{step.context} ids"
            figures = f"prompt_eval_count {count(step.prompt_tokens)}{cached}, prefill {duration(step.prefill_ms)}"
            click.echo(f"    {figures}, decode {duration(step.decode_ms)}, context {array}")
        click.echo(f"    {step.meaning}")
    head = {"works": "The prompt cache works", "does not show": "No sign of the prompt cache"}
    click.echo(f"\n{head.get(found.verdict, 'Not judged')}: {found.summary}.")
