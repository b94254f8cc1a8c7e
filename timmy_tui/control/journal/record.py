"""One operation's lines in the journal: a failed first line stops the change, a failed later one does not."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from timmy_tui.control.edit.transaction import PlannedFile
from timmy_tui.control.journal.write_ahead import Entry, FileState, Journal, Operation, classify, file_records, fold
from timmy_tui.core.errors import ControlError


@dataclass
class Record:
    """The journal lines of one operation, and why one could not be written."""

    journal: Journal
    op: str
    operation: Operation | None = None
    """As begun, with its files. Also in memory, because the journal may be gone when a rollback needs them."""
    problem: str = ""
    """Why a line is missing; empty when none is. If one is, the next start asks the user about the operation."""

    def begin(self, label: str, strategy: str, planned: Sequence[PlannedFile], service: str, undoes: str = "") -> None:
        """Write the first line: every file, and the process that serves now.

        Raises ControlError when it cannot be written: then the change must not be made.
        """
        files = file_records(planned)
        entry = Entry(
            op=self.op, stage="editing", label=label, strategy=strategy, service=service, undoes=undoes, files=files
        )
        self.journal.append(entry)
        self.operation = fold((entry,))

    def append(self, stage: str, message: str = "", service: str = "", op: str = "") -> None:
        """Write a later line, of this operation or of another ``op``.

        A failure is only kept in ``problem``: a full disk must not leave v34 stopped.
        """
        if self.operation is None:
            return
        try:
            self.journal.append(Entry(op=op or self.op, stage=stage, message=message, service=service))
        except ControlError as error:
            self.problem = error.message

    @property
    def v34_was_running(self) -> bool:
        """v34 was running when the operation began."""
        return self.operation is not None and bool(self.operation.service)

    @property
    def file_state(self) -> FileState:
        """Which version of its files is on disk now."""
        return classify(self.operation) if self.operation is not None else FileState.NOT_APPLIED

    @property
    def diff_commands(self) -> str:
        """Commands that compare each file with its backup, to copy; empty for an operation without files."""
        files = self.operation.files if self.operation is not None else ()
        return "; ".join(shlex.join(["diff", file.backup, file.path]) for file in files)
