"""The table of actions, by command."""

from collections.abc import Callable, Mapping

from timmy_tui.model.user_requests import CreatePoint, Restart, Undo
from timmy_tui.ui.actions import local
from timmy_tui.ui.actions.trial import TrialActions
from timmy_tui.ui.actions.user_requests import Requests
from timmy_tui.ui.host import Host
from timmy_tui.ui.key_commands import SCREENS


def action_table(host: Host, requests: Requests, trial: TrialActions) -> Mapping[str, Callable[[], object]]:
    """Command id → action; every command that no screen handles itself has a row."""
    screens = {name: (lambda name=name: local.show(host, name)) for name in SCREENS}
    return {
        **screens,
        "cursor_back": lambda: local.move_cursor(host, -1),
        "cursor_on": lambda: local.move_cursor(host, 1),
        "cursor_back_5": lambda: local.move_cursor(host, -local.LEAP),
        "cursor_on_5": lambda: local.move_cursor(host, local.LEAP),
        "cursor_first": lambda: local.move_cursor(host, -len(host.view.turns)),
        "now": lambda: local.look_at(host, None),
        "freeze": lambda: local.toggle_freeze(host),
        "across": lambda: local.toggle_across(host),
        "help": lambda: local.explain(host),
        "row_down": lambda: local.choose_row(host, 1),
        "row_up": lambda: local.choose_row(host, -1),
        "row_log": lambda: local.log_of_row(host),
        "row_scale": lambda: local.toggle_row_scale(host),
        "quit": lambda: local.step_back(host),
        "quit_summary": host.leave,
        "suspend": host.stop_process,
        "palette": lambda: local.show_overlay(host, "palette"),
        "tail_mode": requests.flip_tail_mode,
        "restart": lambda: requests.change("restart", Restart()),
        "restore_point": lambda: requests.change("restore_point", CreatePoint()),
        "undo": lambda: requests.change("undo", Undo()),
        "warm": requests.warm,
        "probe": requests.probe,
        "keep": lambda: requests.answer("keep", "keep"),
        "go_now": lambda: requests.answer("go_now", "go now"),
        "stop": lambda: requests.answer("stop", "stop waiting"),
        "listen": lambda: requests.answer("listen", "resume listening"),
        "note": requests.note,
        "guided": trial.next,
        "good": lambda: requests.mark_shown("good"),
        "bad": lambda: requests.mark_shown("bad"),
        "accept": requests.accept_newest,
        "findings": lambda: local.show_overlay(host, "findings"),
        "criteria": lambda: local.show_overlay(host, "criteria"),
        "events": lambda: local.show_overlay(host, "events"),
        "postcard": lambda: local.show_postcard(host),
        "turn_log": lambda: local.log_of_turn(host),
        "theme": lambda: local.next_theme(host),
        "mouse": lambda: local.toggle_mouse(host),
        "copy": lambda: local.copy(host),
        "save": lambda: local.save(host),
    }
