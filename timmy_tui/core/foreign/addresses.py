"""Addresses of services as people write them: with or without a scheme, behind a reverse proxy, up to an endpoint."""

import re
from urllib.parse import SplitResult, urlsplit

from timmy_tui.core.foreign.sanitize import clean

_ENDPOINT = re.compile(r"/+(?:api(?:/+[\w-]+)?|v1(?:/+[\w/-]+)?|health|transcript)/*$")
"""The endpoint at the end of an address, as v34's config has it: ``/api/generate``. What stands before is a proxy's."""
_SIGNAL = re.compile(r"/+v1/+(?:traces|metrics)/*$")
_HOST = re.compile(r"[\w.-]+|\[[0-9A-Fa-f:.]+(?:%[\w.%-]+)?\]")
ADVICE = "Write it as http://host:port."
_SHOWN = 80


def base_url(value: object, usual_port: int | None = None) -> str:
    """``http://host:11434/ollama`` of an address: the part before the endpoint. Empty if it is not one.

    Without a scheme it is http, and without a port then ``usual_port``. Query and fragment are no part of it.
    """
    text = value.strip() if isinstance(value, str) else ""
    if not text or any(ord(one) <= 0x20 or ord(one) == 0x7F or one.isspace() for one in text):
        return ""  # Any blank, also a no-break one: at the end it would be gone the next time that this is asked.
    has_scheme = "://" in text
    try:
        parts = urlsplit(text if has_scheme else f"http://{text}")
        port = parts.port  # Raises ValueError if it is not one.
    except ValueError:
        return ""
    if not _is_usable(parts, port):
        return ""
    if not has_scheme and (parts.hostname or "") in ("http", "https"):
        return ""  # ``http:/host``, a slash too few.
    authority = parts.netloc.removesuffix(":")
    if not has_scheme and port is None and usual_port is not None:
        authority += f":{usual_port}"
    path = parts.path
    while (shorter := _ENDPOINT.sub("", path)) != path:
        path = shorter  # A base is its own base, also of an address that ends with an endpoint twice.
    return f"{parts.scheme}://{authority}{path.rstrip('/')}"


def _is_usable(parts: SplitResult, port: int | None) -> bool:
    host = parts.netloc.rpartition("@")[2]
    name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    # An @ behind the host is mostly one of a password that holds a slash: the rest of it would be shown.
    return parts.scheme in ("http", "https") and port != 0 and bool(_HOST.fullmatch(name)) and "@" not in parts.path


def signal_url(endpoint: str, signal: str) -> str:
    """``http://host:5080/api/default/v1/traces``: where a collector takes ``signal``, ``traces`` or ``metrics``.

    The address is used as written: the path may be that of a server which has its own (OpenObserve, Prometheus). One
    ``/v1/traces`` or ``/v1/metrics`` at its end is what other programs want written. Empty if it is not an address.
    """
    if not base_url(endpoint):
        return ""
    text = endpoint.strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    base = _SIGNAL.sub("", parts.path).rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.removesuffix(':')}{base}/v1/{signal}{query}"


def mask_url(url: str) -> str:
    """A URL to show: without user, password and control characters."""
    scheme, separator, rest = url.partition("://")
    host = rest.rpartition("@")[2] if separator else url.rpartition("@")[2]
    return clean(f"{scheme}://{host}" if separator else host, 120)


def not_an_address(value: str) -> str:
    """``'ftp://box', which is not an HTTP address``, without user and password."""
    return f"{mask_url(value)[:_SHOWN]!r}, which is not an HTTP address"
