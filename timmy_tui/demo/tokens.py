"""A tokenizer for the stand-in: text to stable token ids and back, about five characters per token in prose."""

import re
import zlib

VOCABULARY = 128_000
BOS = VOCABULARY
"""Id of the beginning-of-sequence token."""
_PIECE = re.compile(r"<\|\w+\|>|\n+| ?[^\W\d_]{1,9}| ?\d{1,3}| ?_+| +|[^\w\s]|.", re.DOTALL)


class Tokenizer:
    """Text to ids and back. Cutting a text at a special token or a line break never changes its tokens."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._pieces: dict[int, str] = {}

    def encode(self, text: str) -> list[int]:
        """The token ids of a text, without BOS."""
        ids = self._ids
        return [ids[piece] if piece in ids else self._assign_id(piece) for piece in _PIECE.findall(text)]

    def decode(self, tokens: list[int]) -> str:
        """The text of token ids; U+FFFD for an id that ``encode`` has never returned."""
        pieces = self._pieces
        return "".join([pieces.get(token, "\ufffd") for token in tokens])

    def pieces(self, text: str) -> list[str]:
        """The text of each token, as it is streamed."""
        return _PIECE.findall(text)

    def _assign_id(self, piece: str) -> int:
        token = zlib.crc32(piece.encode("utf-8", "surrogatepass")) % VOCABULARY
        while token in self._pieces:
            token = (token + 1) % VOCABULARY
        self._pieces[token] = piece
        self._ids[piece] = token
        return token


def common_prefix_length(first: list[int], second: list[int]) -> int:
    """Number of leading tokens that two prompts share."""
    for index, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return index
    return min(len(first), len(second))
