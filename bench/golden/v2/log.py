"""The lines of one run, written by Python's logging with upstream's configuration, and the same lines as a journal."""

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.golden.v2.source import Source, Template

ZONE = "America/New_York"
"""Of the machine in the story: not UTC, so that a reader who takes local time for UTC is five hours off."""


@dataclass(slots=True)
class Line:
    """One record; one or more lines in the file."""

    at: float
    """Unix time, s, at which it is written: the order in the file."""
    created: float
    """Unix time, s, that it carries."""
    pid: int
    template: Template | None
    """None: not from the logger, but straight to stderr or from systemd; the journal alone has it."""
    text: str
    arguments: tuple[Any, ...] = ()
    turn: int | None = None
    role: str = ""
    number: int = 0
    """Line in the file, from 1; 0 where it is not in the file."""


@dataclass(slots=True)
class Log:
    """Collects records and writes them."""

    source: Source
    pid: int = 2101
    lines: list[Line] = field(default_factory=list)

    def say(self, at: float, where: tuple[str, str], *arguments: Any) -> Line:
        """A record from the call in the file ``where[0]`` whose text begins with ``where[1]``."""
        template = self.source.template(*where)
        return self.add(Line(at, at, self.pid, template, template.text, arguments))

    def foreign(self, at: float, template: Template, *arguments: Any) -> Line:
        """A record of a library."""
        return self.add(Line(at, at, self.pid, template, template.text, arguments))

    def stderr(self, at: float, text: str) -> Line:
        """What Python prints beside the logger."""
        return self.add(Line(at, at, self.pid, None, text))

    def systemd(self, at: float, text: str) -> Line:
        """What systemd says of the unit."""
        return self.add(Line(at, at, 1, None, text))

    def add(self, line: Line) -> Line:
        """In any order."""
        self.lines.append(line)
        return line

    def write(self, path: Path) -> list[tuple[Line, str]]:
        """Write the file as upstream's handler does; returns every record with its text, in the order of writing."""
        configuration = self.source.logging_configuration()
        formatter = logging.Formatter(configuration["format"], configuration["datefmt"])
        os.environ["TZ"] = ZONE
        time.tzset()
        self.lines.sort(key=lambda line: line.at)
        path.unlink(missing_ok=True)
        handler = logging.FileHandler(path)
        handler.setFormatter(formatter)
        written, number = [], 1
        for line in self.lines:
            text = line.text
            if line.template is not None:
                record = logging.LogRecord(
                    line.template.logger, line.template.level, "", 0, line.text, line.arguments, None
                )
                record.created = line.created
                text = formatter.format(record)
                handler.handle(record)
                line.number = number
                number += text.count("\n") + 1
            written.append((line, text))
        handler.close()
        return written


def numbers(lines: Sequence[Line], turn: int) -> dict[str, int]:
    """Role → line in the file, of one turn."""
    return {line.role: line.number for line in lines if line.turn == turn and line.number}
