"""A tokenizer for the stand-in: pieces of text to stable ids and back, about five characters a token in prose."""

import re
import zlib

VOCABULARY = 128_000
BOS = VOCABULARY
_PIECE = re.compile(r"<\|\w+\|>|\n+| ?[^\W\d_]{1,9}| ?\d{1,3}| ?_+| +|[^\w\s]|.", re.DOTALL)


class Tokenizer:
    """Text to ids and back. Cutting a text at a special token or a line break never changes its tokens."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._pieces: dict[int, str] = {}

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without BOS."""
        ids = self._ids
        return [ids[piece] if piece in ids else self._learn(piece) for piece in _PIECE.findall(text)]

    def decode(self, tokens: list[int]) -> str:
        """The text of ids; one that was never handed out reads as U+FFFD."""
        pieces = self._pieces
        return "".join([pieces.get(token, "\ufffd") for token in tokens])

    def pieces(self, text: str) -> list[str]:
        """The pieces themselves, as they are streamed."""
        return _PIECE.findall(text)

    def _learn(self, piece: str) -> int:
        token = zlib.crc32(piece.encode("utf-8", "surrogatepass")) % VOCABULARY
        while token in self._pieces:
            token = (token + 1) % VOCABULARY
        self._pieces[token] = piece
        self._ids[piece] = token
        return token


def common_prefix(left: list[int], right: list[int]) -> int:
    """How many leading tokens two prompts share."""
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))
