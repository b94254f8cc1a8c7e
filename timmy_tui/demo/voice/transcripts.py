"""The texts of STT: the one being said, the pieces set aside by force, and the finished ones."""

import difflib
from collections import deque

SIMILAR = 0.7
MIN_LENGTH = 3
"""Characters; a shorter text is dropped."""


class Transcripts:
    """As upstream's transcript manager: what is said again, more completely, replaces what was said before."""

    def __init__(self) -> None:
        self.current = ""
        self._set_aside = ""
        self._finished: deque[str] = deque(maxlen=50)

    @property
    def latest(self) -> str:
        """The newest finished text; empty before the first."""
        return self._finished[-1] if self._finished else ""

    def update(self, text: str) -> bool:
        """Take the text of a pass. True if it has changed; an empty text changes nothing."""
        if not text or text == self.current:
            return False
        self.current = text
        return True

    def set_aside(self) -> bool:
        """Keep a long text, so that the sound of it can be dropped. False if there was nothing to keep."""
        if len(self.current.strip()) < MIN_LENGTH:
            return False
        self._set_aside = f"{self._set_aside} {_clean(self.current)}".strip()
        self.current = ""
        return True

    def finish(self) -> bool:
        """The pause has come. True if there is a text to send, which is then ``latest``."""
        text = self._set_aside + self.current.strip()
        self.current = self._set_aside = ""
        if len(text) < MIN_LENGTH:
            return False
        text = _clean(text)
        new, old = text.lower(), self.latest.lower()
        if not old:
            self._finished.append(text)
        elif new in old and len(new) < len(old):
            return False
        elif difflib.SequenceMatcher(None, old, new).ratio() > SIMILAR:
            if len(new) >= len(old):
                self._finished[-1] = text
        elif old in new:
            self._finished[-1] = text
        else:
            self._finished.append(text)
        return True


def _clean(text: str) -> str:
    return " ".join(text.replace("...", "").replace("…", "").split())
