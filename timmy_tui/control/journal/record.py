"""One operation's lines in the journal: strict before a file is touched, never in the way afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass

from timmy_tui.control.edit.transaction import PlannedFile
from timmy_tui.control.journal.write_ahead import Entry, Journal, Operation, Standing, classify, file_records
from timmy_tui.core.errors import ControlError


@dataclass
class Record:
    """What the journal holds of one operation, and what it could not take."""

    journal: Journal
    op: str
    operation: Operation | None = None
    """As begun, with its files; kept here too, for the journal may be gone when they must be put back."""
    problem: str = ""
    """Why a line is missing; empty when none is. The operation is then asked about at the next start."""

    def begin(self, label: str, strategy: str, planned: Sequence[PlannedFile], service: str, undoes: str = "") -> None:
        """The first line, with every file and who serves now. Raises ControlError: then the change must not be made."""
        files = file_records(planned)
        entry = Entry(
            op=self.op, stage="editing", label=label, strategy=strategy, service=service, undoes=undoes, files=files
        )
        self.journal.append(entry)
        self.operation = Operation(
            op=self.op, stage="editing", label=label, started=0.0, at=0.0, strategy=strategy, service=service,
            undoes=undoes, message="", boot_id="", boottime=0.0, files=files,
        )  # fmt: skip

    def note(self, stage: str, message: str = "", service: str = "", op: str = "") -> None:
        """A later line, of this operation or of another ``op``. A disk that is full does not leave v34 dead."""
        if self.operation is None:
            return
        try:
            self.journal.append(Entry(op=op or self.op, stage=stage, message=message, service=service))
        except ControlError as error:
            self.problem = error.message

    @property
    def served(self) -> bool:
        """v34 ran when it was begun."""
        return self.operation is not None and bool(self.operation.service)

    @property
    def standing(self) -> Standing:
        """How its files stand on disk now."""
        return classify(self.operation) if self.operation is not None else Standing.NOT_APPLIED

    @property
    def by_hand(self) -> str:
        """Where the bytes before it are kept, as commands to copy; empty for an operation without files."""
        files = self.operation.files if self.operation is not None else ()
        return "; ".join(f"diff {file.backup} {file.path}" for file in files)
