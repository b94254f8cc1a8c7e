"""What the commands do, for one backend: made again when this dashboard takes the place of the first."""

from timmy_tui.ui.actions.table import action_table
from timmy_tui.ui.actions.trial import TrialActions
from timmy_tui.ui.actions.user_requests import Requests
from timmy_tui.ui.host import Host
from timmy_tui.ui.messages import Backend, BeginFlagTest, ScreenRequest


class CommandActions:
    """The actions, and the two that carry out what they ask for."""

    def __init__(self, host: Host, backend: Backend) -> None:
        self.requests = Requests(host, backend)
        self.trial = TrialActions(self.requests, host, backend)
        self._table = action_table(host, self.requests, self.trial)

    def run(self, command: str) -> None:
        """Run a command; where it does not work a notice says why."""
        if not self.requests.refuses(command):
            self._table[command]()

    def ask(self, request: ScreenRequest) -> None:
        """Carry out the request of a screen."""
        if isinstance(request, BeginFlagTest):
            self.trial.begin_flag(request.key)
        else:
            self.requests.ask(request)
