"""Reply bytes → deltas, with the checks that the SDK leaves out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kimiqa.endpoint.complaints import Asked, read_complaint
from kimiqa.endpoint.deltas import (
    Delta,
    FinishDelta,
    NoteDelta,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)
from kimiqa.endpoint.faults import reported
from kimiqa.endpoint.sse import EventReader
from kimiqa.errors import BrokenReplyError, CutError
from kimiqa.money import Usage
from kimiqa.saying import say
from kimiqa.usage import read_usage

Watch = Callable[[Mapping[str, Any], bool], None]
"""Told of each piece of a reply as it is, and whether it was streamed."""

MOST_BYTES = 64 * 1024 * 1024
"""The longest reply that is read: far above any answer, far below a machine's memory."""


class ReplyReader:
    """Reads one reply, whatever it turns out to be: a stream, one JSON object, or neither."""

    def __init__(self, asked: Asked, watch: Watch | None = None) -> None:
        self.finished = False
        """A finish reason has come: what is still missing is at most usage."""
        self.done = False
        """The reply said that nothing more comes."""
        self._asked = asked
        self._watch = watch
        self._head = bytearray()
        self._kind = ""
        self._events = EventReader()
        self._received = 0
        self._answered = False
        self._usage: Usage | None = None
        self._distrust = ""

    def feed(self, piece: bytes) -> Iterator[Delta]:
        """The deltas that `piece` completes."""
        self._received += len(piece)
        if self._received > MOST_BYTES:
            raise BrokenReplyError(
                say(
                    "The reply of {host} passed {most_bytes:,} bytes and was dropped.",
                    host=self._asked.host,
                    most_bytes=MOST_BYTES,
                ),
                "The question may have been paid for.",
                billed="unknown",
            )
        if self._kind == "events":
            yield from self._stream(self._events.feed(piece))
            return
        self._head += piece
        if not self._kind:
            # Blank lines before an answer keep a slow connection open.
            self._head = self._head.removeprefix(b"\xef\xbb\xbf").lstrip()
            self._kind = _kind(bytes(self._head[:1]))
        if self._kind == "events":
            whole, self._head = bytes(self._head), bytearray()
            yield from self._stream(self._events.feed(whole))

    def close(self) -> Iterator[Delta]:
        """The rest, at the end of the reply.

        Raises:
            BrokenReplyError: it was no answer of a chat endpoint.
            CutError: it ended inside a piece.
        """
        if self._kind == "events":
            yield from self._stream(self._events.close())
        elif self._kind == "json":
            yield from self._whole(bytes(self._head))
        if not self._answered:
            raise self._not_an_answer()
        if self._usage is None and self._distrust:
            yield NoteDelta(say("The endpoint's usage was not believed: {why}", why=self._distrust))

    def _not_an_answer(self) -> BrokenReplyError:
        what = {
            "": say("an empty reply"),
            "html": say("a web page"),
            "json": say("JSON without an answer"),
            "events": say("no answer"),
        }[self._kind]
        return BrokenReplyError(
            say(
                "{host} sent {what}: it is not a chat endpoint, or it failed.",
                host=self._asked.host,
                what=what,
            ),
            "Check the base URL, which usually ends in /v1. The question may have been paid for.",
            billed="unknown",
        )

    def _stream(self, events: Iterator[str]) -> Iterator[Delta]:
        for data in events:
            if self.done:
                return
            if data.strip() == "[DONE]":
                self.done = True
                return
            yield from self._chunk(self._json(data))

    def _whole(self, data: bytes) -> Iterator[Delta]:
        found = self._json(data.decode("utf-8-sig", "replace"))
        yield from self._chunk(found[0] if isinstance(found, list) and found else found)
        self.done = True

    def _json(self, data: str) -> Any:
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            pass
        raise CutError(
            say("The reply of {host} broke off inside a piece.", host=self._asked.host),
            "What came before is kept. The question may have been paid for.",
            billed="unknown",
        )

    def _chunk(self, chunk: Any) -> Iterator[Delta]:
        if not isinstance(chunk, Mapping):
            return
        if self._watch is not None:
            self._watch(chunk, self._kind == "events")
        if chunk.get("error"):
            raise reported(read_complaint(chunk, self._asked), self._asked)
        choice = _first_choice(chunk.get("choices"))
        if choice is not None:
            self._answered = True
            yield from _content(choice)
        yield from self._used(chunk.get("usage") or (choice or {}).get("usage"))
        reason = (choice or {}).get("finish_reason")
        if isinstance(reason, str) and reason and not self.finished:
            self.finished = True
            yield FinishDelta(reason)

    def _used(self, found: Any) -> Iterator[Delta]:
        if not isinstance(found, Mapping):
            return
        try:
            usage = read_usage(found)
        except ValueError as error:
            self._distrust = str(error)
            return
        if usage != self._usage:
            self._usage = usage
            yield UsageDelta(usage)


def _kind(start: bytes) -> str:
    """What a reply is, by its first character: content types are often wrong."""
    return {b"": "", b"{": "json", b"[": "json", b"<": "html"}.get(start, "events")


def _first_choice(choices: Any) -> Mapping[str, Any] | None:
    """The only choice that is asked for; servers that add others are not listened to."""
    if not isinstance(choices, list):
        return None
    found = (each for each in choices if isinstance(each, Mapping) and not each.get("index"))
    return next(found, None)


def _content(choice: Mapping[str, Any]) -> Iterator[Delta]:
    message = choice.get("delta") or choice.get("message")
    if not isinstance(message, Mapping):
        return
    for field in ("reasoning_content", "reasoning"):
        if reasoning := _text(message.get(field)):
            yield ReasoningDelta(reasoning, field)
            break
    text = _text(message.get("content")) or _text(message.get("refusal"))
    if text:
        yield TextDelta(text)
    calls = message.get("tool_calls")
    for place, call in enumerate(calls if isinstance(calls, list) else ()):
        if isinstance(call, Mapping):
            yield _tool_call(place, call)


def _text(value: Any) -> str:
    """Text as a string, or as a list of parts."""
    if isinstance(value, list):
        parts = (part.get("text") for part in value if isinstance(part, Mapping))
        value = "".join(part for part in parts if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        # Half a character, which no file, database or screen takes.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _tool_call(place: int, call: Mapping[str, Any]) -> ToolCallDelta:
    function = call.get("function")
    named = function if isinstance(function, Mapping) else {}
    index = call.get("index")
    return ToolCallDelta(
        index if isinstance(index, int) else place,
        _text(call.get("id")),
        _text(named.get("name")),
        _text(named.get("arguments")),
    )
