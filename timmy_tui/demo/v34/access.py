"""The line that v34's web server writes at the end of a request, in the forms of three servers."""

import time
from dataclasses import dataclass

ACCESS_FORMS = ("eventlet", "gevent", "werkzeug", "werkzeug-coloured", "werkzeug-logged")
"""eventlet is upstream's; gevent and Werkzeug (threads) are what Flask-SocketIO takes without it. Werkzeug's lines may
be coloured (its version 1), or stand behind ``INFO:werkzeug:`` when the program has set up logging."""


@dataclass(frozen=True)
class Access:
    """A request that has been answered."""

    host: str
    ended: float
    """Seconds since 1970."""
    request: str
    """``POST /api/webhook HTTP/1.1``."""
    status: int
    size: int
    """Bytes of the response body."""
    seconds: float
    """Duration of the request."""

    def log_line(self, form: str = "eventlet") -> str:
        """``172.21.128.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 1.400024``, or another form.

        Only eventlet and gevent write the size and the duration.
        """
        at = time.localtime(self.ended)
        day = time.strftime("%Y-%m-%d" if form == "gevent" else "%d/%b/%Y", at)
        prefix = f"{self.host} - - [{day} {time.strftime('%H:%M:%S', at)}]"
        if form in ("eventlet", "gevent"):
            return f'{prefix} "{self.request}" {self.status} {self.size} {self.seconds:.6f}'
        request = f"\x1b[37m{self.request}\x1b[0m" if form == "werkzeug-coloured" else self.request
        line = f'{prefix} "{request}" {self.status} -'
        return f"INFO:werkzeug:{line}" if form == "werkzeug-logged" else line
