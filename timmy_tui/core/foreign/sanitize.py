"""Makes foreign text safe to print. All text from a log, a service or a file name passes through here.

Terminal libraries do not filter control characters: ESC ]0 sets the title of the pane, OSC 52 sets the clipboard.
Escape sequences are not parsed here: each dangerous character is replaced by a visible one. ZWNJ and ZWJ (U+200C,
U+200D) stay: Persian and Hindi words and emoji need them, and a terminal does nothing at them.
"""

LIMIT = 4096
"""Most characters of one line; a longer line is cut and ends in ``…``."""

_TABLE: dict[int, str | None] = {code: chr(0x2400 + code) for code in range(0x20)}
_TABLE[0x09] = "    "
_TABLE[0x7F] = "␡"
_TABLE.update(
    dict.fromkeys(
        [
            *range(0x80, 0xA0),
            0x061C,
            0x180E,
            0x200B,
            0x200E,
            0x200F,
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2070),
            0x2028,
            0x2029,
            0xFEFF,
            *range(0xFFF9, 0xFFFC),
            *range(0xD800, 0xE000),
            *range(0x1D173, 0x1D17B),
        ],
        "\ufffd",
    )
)
_TABLE.update(dict.fromkeys(range(0xE0000, 0xE0080)))
UNSAFE = frozenset(_TABLE)
"""Code points that no terminal may get."""


def clean(text: str, limit: int = LIMIT) -> str:
    """One line of foreign text as literal, printable text of at most ``limit`` characters."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    text = text.translate(_TABLE)
    # A tab has become four characters.
    return text if len(text) <= limit else text[: limit - 1] + "…"


def clean_lines(text: str, limit: int = LIMIT) -> list[str]:
    """Foreign text as a list of its lines, each one cleaned."""
    return [clean(line, limit) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
