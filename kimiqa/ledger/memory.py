"""What is remembered besides money: what receipts teach, warm prefixes, conversations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from kimiqa.ledger import conversations, findings, forgetting, learning, warm
from kimiqa.ledger.records import Call, ConversationRecord
from kimiqa.ledger.warm import WarmPrompt
from kimiqa.money import Usage
from kimiqa.plan import Segment
from kimiqa.template import Template

if TYPE_CHECKING:
    from kimiqa.ledger.database import Database


T = TypeVar("T")


class Memory:
    """An open database and a clock, and all that is remembered there besides money."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._once: dict[Any, Any] | None = None
        """What was read, where things are looked at once."""

    def still(self) -> Self:
        """The same for who prices several ways and asks none meanwhile: what receipts teach and
        what was asked last is read once. Whoever asks reads it anew."""
        found = copy(self)
        found._once = {}
        return found

    def _read(self, look: Callable[..., T], *wanted: Any) -> T:
        """What a look at the database gives; where things are looked at once, what it gave."""
        if self._once is None:
            return look(self._database, *wanted)
        key = (look, *wanted)
        if key not in self._once:
            self._once[key] = look(self._database, *wanted)
        found: T = self._once[key]
        return found

    def close(self) -> None:
        """Let go of the file. What is in memory is gone."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What receipts teach

    def history(
        self, model: str, strategy: str | None, effort: str | None, limit: int = 400
    ) -> list[tuple[Usage, float]]:
        """Usage and seconds of the newest settled calls of this kind, newest first; of every
        strategy where none is named."""
        return self._read(learning.history, model, strategy, effort, limit)

    def counts(self, model: str, effort: str | None, strategies: Sequence[str]) -> list[int]:
        """How many calls of each of these strategies, or steps of one, were settled."""
        return learning.counts(self._database, model, effort, strategies)

    def runs(
        self, model: str, strategy: str, effort: str | None, limit: int = 60
    ) -> list[tuple[Usage, float]]:
        """What the newest runs of a strategy of several calls used together, and how long all
        their calls took, newest first: only runs that ended with every call settled."""
        return learning.runs(self._database, model, strategy, effort, limit)

    def template(self, endpoint: str, model: str) -> Template:
        """What the model's chat template adds there, as far as receipts or the endpoint's own
        count have shown it."""
        return self._read(learning.template, host_of(endpoint), model)

    def keep_template(self, endpoint: str, model: str, found: Template) -> None:
        """Keep what the endpoint's own count showed of the template."""
        learning.keep_template(self._database, host_of(endpoint), model, found, self._clock())

    # The provider's prefix cache

    def remember_prefix(
        self,
        endpoint: str,
        model: str,
        effort: str | None,
        segments: Sequence[Segment],
        ttl_seconds: float,
    ) -> None:
        """Note that an answered prompt is cached: all of it, and so each of its prefixes. A
        prefix that was kept for longer is renewed for as long."""
        place = warm.Place(host_of(endpoint), model, effort)
        warm.remember(self._database, place, segments, ttl_seconds, self._clock())

    def warm_tokens(
        self,
        endpoint: str,
        model: str,
        effort: str | None,
        segments: Sequence[Segment],
        block: int = 256,
        minimum: int = 256,
    ) -> tuple[int, float | None]:
        """How many tokens of this prompt the provider's cache likely holds, in whole blocks,
        and until when (wall-clock seconds); 0 and None where it holds nothing of it, or where
        the last calls did not find there what they should have."""
        place = warm.Place(host_of(endpoint), model, effort)
        found = warm.longest(self._database, place, segments, self._clock())
        if found is None or self._read(warm.disappoints, place.endpoint, model):
            return 0, None
        segment, expires = found
        tokens = segment.tokens // block * block
        kept = segments[-1].tokens >= minimum and tokens >= minimum // block * block
        return (tokens, expires) if tokens and kept else (0, None)

    def last_warm(
        self, endpoint: str, conversation: str | None, documents: Sequence[str]
    ) -> WarmPrompt | None:
        """The newest prompt that is still cached there: of this conversation or, without one,
        about one of these documents (their ids)."""
        host, about = host_of(endpoint), tuple(documents)
        return self._read(self._last_warm, host, conversation, about)

    def _last_warm(
        self, database: Database, host: str, conversation: str | None, documents: Sequence[str]
    ) -> WarmPrompt | None:
        return warm.last_prompt(database, host, conversation, documents, self._clock())

    def pauses(self, endpoint: str, model: str, documents: Sequence[str]) -> list[float]:
        """The seconds between one question about these documents (their ids) and the next,
        over the last day."""
        times = warm.asked_at(self._database, host_of(endpoint), model, documents, self._clock())
        return [after - before for before, after in pairwise([*times, self._clock()])]

    # Conversations

    def save_turn(self, conversation_id: str, turn_no: int, turn: Mapping[str, Any]) -> None:
        """Keep one turn, as JSON, in place of an earlier one of the same number."""
        conversations.save(self._database, conversation_id, turn_no, turn, self._clock())

    def turns(self, conversation_id: str) -> list[dict[str, Any]]:
        """The turns of a conversation in order; none where there is no such conversation."""
        return conversations.load(self._database, conversation_id)

    def turns_stamp(self, conversation_id: str) -> tuple[tuple[int, float], ...]:
        """What changes with every turn that is kept: whether `turns` has to be read again."""
        return conversations.stamp(self._database, conversation_id)

    def conversations(self) -> list[ConversationRecord]:
        """All conversations, the one with the newest turn first."""
        return conversations.listed(self._database)

    def conversations_with(self, words: str) -> set[str]:
        """The ids of those in whose names, questions, answers or documents these words stand."""
        return conversations.holding(self._database, words)

    def name_conversation(self, conversation_id: str, name: str) -> None:
        """Give a conversation a name; an empty one takes it back."""
        conversations.rename(self._database, conversation_id, name)

    def delete_conversation(self, conversation_id: str) -> bool:
        """Forget a conversation's turns; its receipts stay. Whether there was one."""
        return conversations.delete(self._database, conversation_id)

    # Runs of several calls that have not ended

    def keep_finding(
        self,
        endpoint: str,
        model: str,
        effort: str | None,
        prefix: str,
        content: Mapping[str, Any],
        documents: Sequence[str],
    ) -> None:
        """Keep what a call has found in a prompt (named by its `prefix`) in these documents
        (their ids), as JSON, until the run has ended or a week has passed."""
        place = warm.Place(host_of(endpoint), model, effort)
        findings.keep(self._database, place, prefix, content, documents, self._clock())

    def findings(
        self, endpoint: str, model: str, prefixes: Sequence[str]
    ) -> dict[str, dict[str, Any]]:
        """What runs that were stopped have found in these prompts, by prompt, with whatever
        effort."""
        return findings.find(self._database, host_of(endpoint), model, prefixes, self._clock())

    def drop_findings(self, endpoint: str, model: str, prefixes: Sequence[str]) -> None:
        """Forget what was found in these prompts: the run has ended."""
        findings.drop(self._database, host_of(endpoint), model, prefixes)

    # Documents

    def calls_about(self, document_id: str) -> list[Call]:
        """The calls that a document was part of, newest first."""
        return forgetting.calls_about(self._database, document_id)

    def forget_document(self, document_id: str, *, conversations: bool = True) -> int:
        """Take a document out of all receipts, whose money stays, and delete the conversations
        about it; how many those were."""
        return forgetting.forget(self._database, document_id, talks=conversations)


def host_of(endpoint: str) -> str:
    """The host of a base URL, with its port where one is named, and nothing else of it.

    >>> host_of("https://user:secret@api.moonshot.ai/v1"), host_of("localhost:8000")
    ('api.moonshot.ai', 'localhost:8000')
    """
    netloc = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}").netloc
    return netloc.rpartition("@")[2].lower()
