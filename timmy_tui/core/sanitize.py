"""The one door for foreign text: whatever comes from a log, a service or a file name.

Terminal libraries do not filter control characters: ESC ]0 sets the pane's title, OSC 52 the clipboard.
Sequences are not recognised here, only made visible: each dangerous character becomes a glyph.
"""

LIMIT = 4096
"""Characters kept of one line; a longer one ends in ``…``."""

_TABLE: dict[int, str | None] = {code: chr(0x2400 + code) for code in range(0x20)}
_TABLE[0x09] = "    "
_TABLE[0x7F] = "␡"
_TABLE.update(
    dict.fromkeys(
        [
            *range(0x80, 0xA0),
            0x061C,
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2070),
            0x2028,
            0x2029,
            0xFEFF,
            *range(0xFFF9, 0xFFFC),
            *range(0xD800, 0xE000),
        ],
        "\ufffd",
    )
)
_TABLE.update(dict.fromkeys(range(0xE0000, 0xE0080)))


def clean(text: str, limit: int = LIMIT) -> str:
    """One line of foreign text as literal, printable text of at most ``limit`` characters."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_TABLE)


def clean_lines(text: str, limit: int = LIMIT) -> list[str]:
    """Foreign text with its line breaks kept, each line cleaned."""
    return [clean(line, limit) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
