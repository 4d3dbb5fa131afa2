"""What one page holds: a typed object in its session."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from kimiqa.document import Document
from kimiqa.errors import PasswordRequiredError
from kimiqa.plan import Way

View = Literal["ask", "library", "conversations", "money", "compare", "settings"]
KEPT_CHOICES = 1_000
Kind = TypeVar("Kind")


@dataclass(slots=True)
class Choices:
    """What is chosen for the next question; kept per conversation, so that a reload keeps it."""

    question: str = ""
    strategy: str = ""
    """Empty: the best way is taken."""
    model: str = ""
    effort: str = ""
    pages: str = ""
    private: bool = False
    """Whether placeholders are sent in place of personal data."""
    pictures: str = ""
    """Which pages go as pictures: "scanned", or their numbers; empty: none."""
    hidden_kept: tuple[str, ...] = ()
    """The documents of which hidden text is sent too."""
    cap: str = ""
    label: str = ""
    """A client, a matter, a project: what the cost is booked under."""
    length: int = 0
    """The most completion tokens; 0 leaves it at what is usual."""
    web_searches: int = 0
    """How many times research may search the web."""
    lifetime: str = ""
    """How long the provider is asked to keep the prompt; empty leaves it at what is usual."""
    rewrite: bool | None = None
    """Whether questions are rewritten before chunks are chosen; None leaves it to the settings."""
    climb: bool | None = None
    """Whether more is asked where an answer from chunks does not hold; None: as in the settings."""
    each_line: bool = False
    """Whether each line of what was typed is a question of its own."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not taken, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """A question whose cost a person should agree to, with the numbers."""

    message: str
    way: Way
    over_cap: bool
    """Whether agreeing lifts the cap per question, up to the way's ceiling."""


@dataclass(slots=True)
class State:
    """One page."""

    conversation: str
    documents: list[str] = field(default_factory=list)
    """Their ids, in the order in which they are D1, D2, …"""
    choices: Choices = field(default_factory=Choices)
    opened: dict[str, Document] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    refused: list[Refused] = field(default_factory=list)
    shelved: list[str] = field(default_factory=list)
    """Documents that are read for the library and not for this page."""
    arrived: int = 0
    """How many of those are there now."""
    cited: dict[int, int] = field(default_factory=dict)
    """The citation that is open in each turn."""
    shown_page: dict[int, int] = field(default_factory=dict)
    """The page that is leafed to in each turn, where it is not the cited one."""
    confirm: Confirm | None = None
    """What a person is asked once before it is sent."""
    problem: str = ""
    """Why the last thing that was pressed was not done; not yet escaped."""
    view: View = "ask"
    beside: str = ""
    """The answer to compare with: its conversation and its turn."""
    uploads: int = 0
    """Raised after each upload: the widget then forgets the bytes."""
    with_hidden: dict[int, tuple[Document, Document]] = field(default_factory=dict, repr=False)
    """What is sent of a document whose hidden text goes too: made once from the document, which
    is kept beside it and named by its identity."""
    _parts: dict[type, object] = field(default_factory=dict, init=False, repr=False)

    def of(self, kind: type[Kind]) -> Kind:
        """What one part of the page keeps for this visit: the part's own class names it, and it
        begins as that class makes it."""
        part = self._parts.get(kind)
        if not isinstance(part, kind):
            part = self._parts[kind] = kind()
        return part


_kept: OrderedDict[str, Choices] = OrderedDict()


def new_id() -> str:
    """A name for a conversation that nobody guesses."""
    return uuid.uuid4().hex[:12]


def new_conversation(state: State) -> None:
    """Begin anew over the same documents; what was chosen stays chosen."""
    state.conversation = new_id()
    state.cited, state.shown_page = {}, {}
    state.confirm, state.problem = None, ""


def change_to(state: State, conversation: str) -> None:
    """Show another conversation, with its own draft; what else is chosen stays chosen."""
    keep_choices(state)
    new_conversation(state)
    state.conversation = conversation
    state.choices.question = kept_choices(conversation).question


def kept_choices(conversation: str) -> Choices:
    """What was chosen in a conversation last, as long as this process remembers it."""
    return replace(_kept.get(conversation, Choices()))


def forget_choices(conversation: str) -> None:
    """Keep nothing of a conversation that is deleted, its draft neither."""
    _kept.pop(conversation, None)


def keep_choices(state: State) -> None:
    """Keep what is chosen where a reload of this page finds it."""
    if state.choices == _kept.get(state.conversation, Choices()):
        return
    _kept[state.conversation] = replace(state.choices)
    _kept.move_to_end(state.conversation)
    while len(_kept) > KEPT_CHOICES:
        _kept.popitem(last=False)


def opened(state: State, document_id: str) -> Document | None:
    """A document of this page, from the store where it is not in the session yet."""
    if document_id not in state.opened:
        try:
            found = Document.stored(document_id, password=state.passwords.get(document_id))
        except PasswordRequiredError:
            return None
        if found is None:
            return None
        state.opened[document_id] = found
    return _as_chosen(state, state.opened[document_id])


def _as_chosen(state: State, document: Document) -> Document:
    """The document with what is hidden in it, where that is to be sent; the same each time."""
    if document.id not in state.choices.hidden_kept or not document.hidden_passages:
        return document
    kept = state.with_hidden
    if id(document) not in kept:
        kept[id(document)] = (document, document.checked(keep_hidden=True))
    return kept[id(document)][1]


def ready(state: State) -> list[Document]:
    """The documents that are open, in order."""
    found = (opened(state, each) for each in state.documents)
    return [document for document in found if document is not None]
