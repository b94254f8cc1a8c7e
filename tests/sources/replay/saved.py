"""Lines of saved logs, as both programs write them."""

import json
from pathlib import Path

from timmy_tui.model.log_format import LogFormat
from timmy_tui.pipeline.read_logs import detect_format

BEGIN = "*********************************************BEGIN*********************************************"


def event(stamp: float, request: str, name: str) -> str:
    return json.dumps({"timestamp": stamp, "request_id": request, "service": "v34", "event": name, "metadata": {}})


def turn(request: str, *, total: float = 2.0, step: float = 0.5, access: str | None = None) -> list[str]:
    lines = [
        BEGIN,
        f"*** Debug: Received user_message via webhook: hello [request_id={request}]",
        f"--- Step 1 (Metadata Generation) took: {step:.2f}s",
        f"*** Debug: after step 1 of {request}",
        f"--- Total process_user_message took: {total:.2f}s",
    ]
    if access is not None:
        lines.append(f'172.21.128.1 - - [28/Nov/2025 {access}] "POST /api/webhook HTTP/1.1" 200 120 {total + 0.01}')
    return lines


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(line + "\n" for line in lines))
    return path


def logs(*paths: Path) -> list[tuple[Path, LogFormat]]:
    return [(path, detect_format(path)) for path in paths]
