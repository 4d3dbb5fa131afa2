"""The messages of a research, counted as they grow: nothing before the last one ever changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kimiqa.plan import Request
from kimiqa.prompts import DocumentLike
from kimiqa.research import wording
from kimiqa.strategies.layout import Turn
from kimiqa.template import Template
from kimiqa.tokens import Counter

_BESIDE = ("reasoning_content", "reasoning")
_PER_CALL = 12
"""Tokens that a chat template may put round one tool call, or one result."""


@dataclass(slots=True)
class Dialogue:
    """What is sent, and how many tokens that is."""

    counter: Counter
    template: Template
    plain: bool
    """Whether tools are called in writing, for a model that knows no others."""
    messages: list[dict[str, Any]] = field(default_factory=list)
    tokens: int = 0
    """The prompt tokens of all messages, the tools and the template among them."""
    web: int = 0
    """How many times the web may be searched."""

    @classmethod
    def begun(
        cls,
        documents: Sequence[DocumentLike],
        question: str,
        turns: Sequence[Turn],
        counter: Counter,
        template: Template,
        *,
        plain: bool,
        web: int = 0,
    ) -> Dialogue:
        """The rules, the turns before, the documents' names and the question."""
        made = cls(counter, template, plain, tokens=template.per_request, web=web)
        if not plain:
            made.tokens += counter.count(json.dumps(wording.tools(web=web), ensure_ascii=False))
        made.add({"role": "system", "content": wording.system(plain=plain, web=web)})
        for turn in turns:
            made.add({"role": "user", "content": turn.question})
            made.add({"role": "assistant", "content": turn.answer})
        made.add({"role": "user", "content": wording.first(documents, question)})
        return made

    def add(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        self.tokens += self.count(message)

    def count(self, message: Mapping[str, Any]) -> int:
        """The tokens that a message adds."""
        count, calls = self.counter.recount, message.get("tool_calls") or ()
        said = count(message.get("content") or "")
        said += sum(count(message.get(name) or "") for name in _BESIDE)
        called = sum(count(json.dumps(call, ensure_ascii=False)) + _PER_CALL for call in calls)
        result = _PER_CALL if message["role"] == "tool" else 0
        return said + called + result + self.template.per_message

    def request(self, base: Mapping[str, Any], limit: int, *, last: bool = False) -> Request:
        """The next call: `base` with these messages. `last` forbids tools, but leaves them in
        the request: without them nothing of it would be found in the provider's cache."""
        body = {**base, "messages": self.messages, "max_completion_tokens": limit}
        if self.plain:
            body.pop("tools", None)
        else:
            body["tools"] = wording.tools(web=self.web)
            if last:
                body["tool_choice"] = "none"
        return Request.of(body, prompt_tokens=self.tokens, max_completion_tokens=limit)
