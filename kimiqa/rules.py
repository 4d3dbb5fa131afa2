"""Where a document may go: to hosts, to providers by name, to regions that are known."""

from __future__ import annotations

import re
import threading
import time
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from kimiqa.errors import BadRequestError, NotAllowedError
from kimiqa.personal import keeping
from kimiqa.saying import Said, say
from kimiqa.settings import EMBEDDED, host_of, is_loopback, providers

if TYPE_CHECKING:
    from kimiqa.document import Document

_PLACE = re.compile(
    r"(?:https?://)?(?:[\w-]+(?:\.[\w-]+)*|\[[0-9a-f:.]+\])\.?(?::\d+)?/?"
    r"|https?://(?:[\w-]+(?:\.[\w-]+)*|\[[0-9a-f:.]+\])(?::\d+)?(?:/[\w-][\w.-]*)+/?"
)
"""A host, or the URL of an endpoint: nothing that leads elsewhere."""

LOCAL = "local"
"""This machine: the region of a loopback address."""

_loose: dict[str, tuple[str, ...]] = {}
_lock = threading.Lock()


@cache
def regions() -> dict[str, str]:
    """The region of each host whose region is known, from `data/regions.toml`."""
    text = files("kimiqa").joinpath("data", "regions.toml").read_text(encoding="utf-8")
    return {row["host"]: row["region"] for row in tomllib.loads(text)["endpoint"]}


def region_of(base_url: str) -> str | None:
    """Where an endpoint's servers stand, where that is known.

    >>> region_of("https://api.moonshot.cn/v1"), region_of("http://127.0.0.1:8000/v1")
    ('cn', 'local')
    """
    return LOCAL if stays_here(base_url) else regions().get(host_of(base_url))


def stays_here(base_url: str) -> bool:
    """Whether what is sent there does not leave this machine."""
    return base_url == EMBEDDED.base_url or is_loopback(base_url)


def endpoint_in_words(base_url: str) -> Said:
    """Host and region of an endpoint, as far as they are known."""
    region = region_of(base_url)
    known = {"cn": say("in China"), "eu": say("in the EU"), "us": say("in the US")}
    where = known.get(region or "", say("its region is not known"))
    return say("{host} ({where})", host=host_of(base_url), where=where)


def restrict(document: Document, places: Sequence[str]) -> None:
    """Let a document go only to these places; none named lifts the rule.

    Raises
    ------
    BadRequestError
        A place is no host, provider or region that is known.
    """
    checked = tuple(dict.fromkeys(map(place, places)))
    if document.store is not None:
        keeping.save_rule(document.store, document.id, checked)
        return
    with _lock:
        _loose[document.id] = checked


def places_of(document: Document) -> tuple[str, ...]:
    """Where a document may go; none: anywhere."""
    if document.store is None:
        return _loose.get(document.id, ())
    return keeping.rule(document.store, document.id)


def place(written: str) -> str:
    """A place as rules hold it: a provider's name, a region, or a host. Of a URL its host
    counts; a host alone has no path.

    Raises
    ------
    BadRequestError
        It is none of them.

    >>> place("Moonshot"), place("EU"), place("https://api.moonshot.cn/v1")
    ('moonshot', 'eu', 'api.moonshot.cn')
    """
    word = written.strip().lower()
    if word in _names() or word in _regions():
        return word
    try:
        host = host_of(word if "://" in word else f"https://{word}")
    except BadRequestError:
        host = ""
    if _PLACE.fullmatch(word) and ("." in host or ":" in host or host == "localhost"):
        return host
    raise BadRequestError(
        say("{written} is no place that a document may be kept to.", written=repr(written)),
        say(
            "Name a host, a provider ({names}) or a region ({regions}).",
            names=", ".join(sorted(_names())),
            regions=", ".join(sorted(_regions())),
        ),
    )


def _names() -> set[str]:
    return {each.name for each in providers()}


def _regions() -> set[str]:
    return {LOCAL, *regions().values()}


def allows(places: Sequence[str], base_url: str) -> bool:
    """Whether a document with this rule may go to an endpoint. Nothing leaves the process
    where the embedded one answers, so that one always may."""
    if not places or base_url == EMBEDDED.base_url:
        return True
    host, region = host_of(base_url), region_of(base_url)
    hosts = {host for each in providers() if each.name in places for host in each.hosts}
    return host in places or host.partition(":")[0] in places or host in hosts or region in places


def refusal(documents: Sequence[Document], base_url: str) -> NotAllowedError | None:
    """Why a question over these documents may not go to an endpoint; None where it may."""
    for document in documents:
        places = places_of(document)
        if not allows(places, base_url):
            return NotAllowedError(
                say(
                    "{name} may go only to {places}, and the question would go to "
                    "{base_url}. Nothing was sent.",
                    name=document.name,
                    places=", ".join(places),
                    base_url=endpoint_in_words(base_url),
                ),
                "Choose an endpoint that its rule names, or change the rule: "
                "`kimiqa documents restrict`.",
            )
    return None


def check(documents: Sequence[Document], base_url: str) -> None:
    """Hold the rules once more, just before sending: one may have been made meanwhile.

    Raises
    ------
    NotAllowedError
        A document may not go there; nothing was sent.
    """
    refused = refusal(documents, base_url)
    if refused is not None:
        raise refused


# The first time ----------------------------------------------------------------------------------


def first_sent(documents: Sequence[Document], base_url: str) -> list[Document]:
    """The documents that have not been at this endpoint yet; none where nothing leaves here."""
    if stays_here(base_url):
        return []
    host = host_of(base_url)
    return [
        each
        for each in documents
        if each.store is None or not keeping.was_sent(each.store, each.id, host)
    ]


def note_sent(documents: Sequence[Document], base_url: str) -> None:
    """Remember that documents went to an endpoint."""
    if stays_here(base_url):
        return
    for each in documents:
        if each.store is not None:
            keeping.note_sent(each.store, [each.id], host_of(base_url), time.time())
