"""Base URLs: which are safe to send a question and a key to."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from kimiqa.errors import BadRequestError
from kimiqa.saying import say

_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_DEFAULT_PORTS = {"https": 443, "http": 80}


def clean_url(url: str) -> str:
    """`url` as a base URL without its trailing slash.

    Raises:
        BadRequestError: it is no web address, carries a password or a query, or is plain http
            to a host other than this machine.
    """
    parts = _split(url.strip())
    if parts.scheme == "http" and not is_loopback(url):
        raise BadRequestError(
            say(
                "Plain http would send the documents and the key to {parts} unencrypted.",
                parts=_shown(parts),
            ),
            "Use https://; http:// is for this machine alone.",
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def host_of(url: str) -> str:
    """The host a key is bound to, with its port where that is not the usual one.

    >>> host_of("https://API.moonshot.ai:443/v1"), host_of("http://127.0.0.1:8000/v1")
    ('api.moonshot.ai', '127.0.0.1:8000')
    """
    parts = _split(url.strip())
    host, port = parts.hostname or "", parts.port
    if ":" in host:
        host = f"[{host}]"
    return host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"


def is_loopback(url: str) -> bool:
    """Whether `url` is on this machine.

    >>> [is_loopback(f"http://{host}/v1") for host in ("localhost:11434", "[::1]", "10.0.0.1")]
    [True, True, False]
    """
    host = _split(url.strip()).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise BadRequestError(
            "The base URL is not a web address.", "It looks like https://api.moonshot.ai/v1."
        )
    plain = _HOST.fullmatch(parts.hostname or "") is not None
    if parts.username is not None or parts.query or parts.fragment or not plain:
        raise BadRequestError(
            say("The base URL for {parts} holds more than a host and a path.", parts=_shown(parts)),
            "Leave out user names, passwords, ? and #, and write the host in plain letters; "
            "the key has its own field.",
        )
    return parts


def _shown(parts: SplitResult) -> str:
    """The host as an error may show it."""
    return ascii(parts.hostname or "")[1:-1][:80]
