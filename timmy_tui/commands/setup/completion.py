"""``timmy-tui completion``: what a shell needs to complete commands, options and values with Tab."""

import click
from click.shell_completion import get_completion_class

from timmy_tui.core.output import say_block

HOW = {
    "bash": "~/.bashrc:  source <(timmy-tui completion bash)",
    "zsh": "~/.zshrc, below compinit:  source <(timmy-tui completion zsh)",
    "fish": "once:  timmy-tui completion fish > ~/.config/fish/completions/timmy-tui.fish",
}
"""Shell → where its code belongs."""
VARIABLE = "_TIMMY_TUI_COMPLETE"
"""Environment variable by which the shell asks; its name is click's."""


@click.command()
@click.argument("shell", type=click.Choice(list(HOW)))
def completion(shell: str) -> None:
    """Print the code that completes timmy-tui in SHELL.

    \b
    bash  into ~/.bashrc: source <(timmy-tui completion bash)
    zsh   into ~/.zshrc, below compinit: source <(timmy-tui completion zsh)
    fish  timmy-tui completion fish > ~/.config/fish/completions/timmy-tui.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(click.Command("timmy-tui"), {}, "timmy-tui", VARIABLE)
    # Not made.source(): for bash that runs bash to ask for its version.
    say_block(f"# {HOW[shell]}\n{made.source_template % made.source_vars()}\n")


def complete_flag_or_value(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """For arguments FLAG VALUE …: the flags of v34, then the values of the flag before. Flags of one's own are not."""
    from timmy_tui.model.flags.table import FLAGS

    given: tuple[str, ...] = ctx.params.get(param.name or "") or ()
    if len(given) % 2 == 0:
        words = [flag.key for flag in FLAGS]
    else:
        flag = next((one for one in FLAGS if one.key == given[-1]), None)
        words = [] if flag is None else ["on", "off"] if flag.type is bool else [str(one) for one in flag.choices]
    return [word for word in words if word.startswith(incomplete)]
