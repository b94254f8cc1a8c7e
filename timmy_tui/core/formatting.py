"""How figures are written, the same on every face."""

MISSING = "—"


def duration(ms: float | None, mark: str = "") -> str:
    """``412ms`` below one second, ``1.83s`` above, ``—`` for what was not measured; ``mark`` goes in front (``~``)."""
    if ms is None:
        return MISSING
    if abs(ms) < 0.9995:
        return f"{mark}{ms:.1f}ms"
    if abs(ms) < 999.5:
        return f"{mark}{ms:.0f}ms"
    if abs(ms) < 99_995:
        return f"{mark}{ms / 1000:.2f}s"
    return f"{mark}{ms / 1000:.0f}s"


def share(value: float | None) -> str:
    """A fraction as whole per cent."""
    return MISSING if value is None else f"{value * 100:.0f}%"


def count(value: int | None) -> str:
    """A whole number."""
    return MISSING if value is None else str(value)


def flag(value: bool | None) -> str:
    """on, off or not known."""
    return MISSING if value is None else "on" if value else "off"
