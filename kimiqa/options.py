"""What a caller may choose about a client and about one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from os import PathLike
from typing import Any, TypedDict

from kimiqa.document import Document
from kimiqa.ledger import Budget
from kimiqa.pages import Pages
from kimiqa.setup import Home

Source = Document | str | PathLike[str] | bytes
Documents = Source | Sequence[Source]
"""One document or several: opened, a path, or bytes; their order numbers them D1, D2, …"""


class Options(TypedDict, total=False):
    """What a caller may choose about one question."""

    pages: Pages
    """Pages to ask about: "40-95", or per document "D2: 3; D3: 7-9"."""
    pictures: Pages
    """Pages to send as pictures, beside their text where they have any: "scanned" for all those
    without a text layer, or page numbers as in `pages`."""
    effort: str | None
    max_cost: Decimal | str | None
    """The cap of this question, in the price's currency."""
    max_prompt_tokens: int | None
    """The most tokens of everything that is sent."""
    max_completion_tokens: int | None
    chunk_tokens: int
    """The size that chunks are packed to; 100 unless told otherwise."""
    keep_hidden: bool
    """Send passages too that no reader of the page would see; they are left out otherwise."""
    label: str | None
    """A client, a matter, a project: what the ledger books the cost under, with its own cap."""
    max_steps: int | None
    """How many calls `research` may make, at most; 40 unless told otherwise."""
    web_searches: int
    """How many times `research` may search the web with the provider's own tool, each at its
    price; 0 unless told otherwise. What the model finds there cannot be checked."""
    private: bool
    """Send stable placeholders such as [EMAIL-1] in place of the personal data that is found,
    and put the values back into the answer; the client's choice where it is not given."""
    ranking: str
    """How chunks are chosen: "bm25" by words, "semantic" by meaning too (the extra `semantic`;
    the documents' vectors are made first, on this machine), "auto" by meaning where the vectors
    are there already; the client's choice where it is not given."""
    rewrite: bool
    """Have one cheap call first put the question into the documents' words, and take apart one
    that asks several things, before `chunks` are chosen; the client's choice where it is not
    given."""
    climb: bool
    """Where an answer from chunks does not hold (it refuses, it was cut, its citations do not
    stand), ask again with more chunks and then with everything, as far as the caps leave room
    for all of it; the client's choice where it is not given."""
    expected_questions: int
    """How many questions are expected about these documents in one sitting, this one among them:
    `auto` then counts what the first leaves in the provider's cache for the others."""


class ClientOptions(TypedDict, total=False):
    """What a client is made of.

    `api_key` and `base_url` name an endpoint of one's own: a key is only ever sent to the host
    it belongs to. `home` is the folder of store, ledger and settings; None keeps everything in
    memory. `budget` holds the caps per question, conversation, label, day and month; a decimal
    string is a cap per question. `effort` is how hard a thinking model thinks. `openai_client`
    is an `openai.OpenAI` or `AsyncOpenAI` whose key and URL are used. `allow_unpriced` lets a
    model be asked that has no price, although no cap can hold then. `deadline` is the seconds
    that a whole answer may take. `label` is the label of every question that is given none.
    `private` sends placeholders in place of personal data, unless a question says otherwise.
    `ranking` is how chunks are chosen, `rewrite` whether questions are rewritten for that, and
    `climb` whether more is asked where their answer does not hold, unless a question says
    otherwise.
    `cache_ttl` is how long the provider is asked to keep prompts: "1h" costs more to write, and
    pays where questions come more than five minutes apart. `env` holds the variables that name
    keys and URLs, in place of the process's own.
    """

    api_key: str | None
    base_url: str | None
    home: Home
    budget: Budget | Decimal | str | None
    effort: str | None
    openai_client: Any
    allow_unpriced: bool
    deadline: float
    label: str | None
    cache_ttl: str | None
    private: bool
    ranking: str | None
    rewrite: bool | None
    climb: bool | None
    env: Mapping[str, str] | None
