"""A question laid out with digests: the rules, the digests, the chunks that match, the question.

Digests are byte-identical from question to question and stand before everything that varies, so
that the provider's cache holds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from kimiqa.digest import wording
from kimiqa.plan import Coverage
from kimiqa.strategies import chunks
from kimiqa.strategies.layout import Draft, Layout, text_part
from kimiqa.strategies.prefixes import Part

CUT = "[...]"


def lay_out(draft: Draft, blocks: Sequence[str], coverage: Coverage) -> Layout:
    """The prompt with these digests, counted; chunks have what they leave of the room."""
    digests = text_part("".join(blocks), draft.counter)
    rules = text_part(wording.RULES_WITH_DIGEST, draft.counter)
    taken = digests.tokens + rules.tokens
    room = None if draft.room is None else draft.room - taken
    base = chunks.count(replace(draft, room=room))
    questions = [*(turn.question for turn in draft.turns), draft.question]
    messages = list(_messages(base, digests.text, questions))
    parts = _parts(base, (rules, digests), questions, draft)
    return replace(base, messages=tuple(messages), parts=parts, coverage=coverage)


def _messages(base: Layout, digests: str, questions: Sequence[str]) -> Iterator[dict[str, Any]]:
    asked = iter(questions)
    head = digests
    for message in base.messages:
        if message["role"] == "system":
            yield message | {"content": wording.RULES_WITH_DIGEST}
        elif message["role"] == "user":
            question = next(asked)
            evidence = _evidence(message["content"], question)
            yield message | {"content": head + (evidence or "\n" * bool(head)) + question}
            head = ""
        else:
            yield message


def _evidence(content: str, question: str) -> str:
    """What stands before the question, with nothing in it that looks like a digest."""
    return wording.fenced(content[: len(content) - len(question)])


def _parts(
    base: Layout, head: tuple[Part, Part], questions: Sequence[str], draft: Draft
) -> tuple[tuple[Part, ...], ...]:
    """The same in parts: the digests, then each message's evidence and question as they were."""
    rules, digests = head
    found: list[tuple[Part, ...]] = [(rules,)]
    for place, parts in enumerate(base.parts[1:]):
        if place % 2:
            found.append(parts)
            continue
        evidence = "".join(part.text for part in parts[:-1])
        fenced = wording.fenced(evidence)
        kept = parts[:-1] if fenced == evidence else (text_part(fenced, draft.counter),)
        if place == 0 and not evidence:
            digests = text_part(f"{digests.text}\n", draft.counter)
        found.append((*([digests] if place == 0 else []), *kept, parts[-1]))
    return tuple(found)


def cut_to(blocks: Sequence[str], tokens: int, draft: Draft) -> list[str]:
    """The digests, cut by whole lines where together they have more than so many tokens."""
    count = draft.counter.count
    sizes = [count(block) for block in blocks]
    if sum(sizes) <= tokens:
        return list(blocks)
    share = tokens / sum(sizes)
    return [
        _cut(block, int(size * share), draft) for block, size in zip(blocks, sizes, strict=True)
    ]


def _cut(block: str, tokens: int, draft: Draft) -> str:
    head, *lines, close = block.removesuffix("\n").split("\n")
    count = draft.counter.count
    left = tokens - sum(count(f"{each}\n") for each in (head, close, CUT))
    kept = []
    for line in lines:
        left -= count(f"{line}\n")
        if left < 0:
            break
        kept.append(line)
    return "\n".join([head, *kept, CUT, close, ""])
