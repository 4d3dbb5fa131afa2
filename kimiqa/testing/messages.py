"""Chat messages as text, as token ids and as a cache's identity."""

from __future__ import annotations

import base64
import json
import math
import zlib
from array import array
from collections.abc import Mapping
from typing import Any

from kimiqa.testing.catalogue import WEB_SEARCH
from kimiqa.testing.chance import Template
from kimiqa.testing.vocabulary import Vocabulary

ROLES = ("system", "user", "assistant", "tool")
ANY_IMAGE = 1024
MOST_PATCHES = 65_536


def text_of(message: Mapping[str, Any]) -> str:
    """All text of a message's content, whether it is a string or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content if isinstance(part, dict))


def prompt_ids(
    body: Mapping[str, Any],
    template: Template,
    words: Vocabulary,
    patches: int = MOST_PATCHES,
) -> array[int]:
    """The prompt as the model would see it. Template tokens are negative: no text has them.

    A text that a picture stands behind ends there: the two are never one token.
    """
    ids = array("i")
    if body.get("tools"):
        ids.extend(words.ids(_canonical(body["tools"])))
    for message in body["messages"]:
        ids.extend(_opening(message, template.per_message))
        ids.extend(_content(message.get("content") or "", words, patches))
        ids.extend(_beside_text(message, words))
        ids.extend(_searched(message))
    ids.extend(range(-9_999, -9_999 + template.per_request))
    return ids


def identity(body: Mapping[str, Any]) -> bytes:
    """What a cached prefix belongs to besides its tokens: model, effort, tools."""
    names = ("model", "reasoning_effort", "thinking", "tools")
    return _canonical({name: body.get(name) for name in names}).encode()


def _opening(message: Mapping[str, Any], tokens: int) -> range:
    start = -100 * (1 + ROLES.index(message["role"]))
    return range(start, start + tokens)


def _beside_text(message: Mapping[str, Any], words: Vocabulary) -> array[int]:
    """Reasoning and tool calls that are replayed, and pictures."""
    ids = array("i", words.ids(message.get("reasoning_content") or ""))
    if message.get("tool_calls"):
        ids.extend(words.ids(_canonical(message["tool_calls"])))
    return ids


def _searched(message: Mapping[str, Any]) -> range:
    """What a web search has found, which the platform puts where its call's arguments come back."""
    if message["role"] != "tool" or message.get("name") != WEB_SEARCH:
        return range(0)
    try:
        tokens = int(json.loads(text_of(message))["usage"]["total_tokens"])
    except (ValueError, KeyError, TypeError):
        return range(0)
    return range(-2_000_000_000, -2_000_000_000 + tokens)


def _content(content: str | list[Any], words: Vocabulary, patches: int) -> array[int]:
    """Text and pictures in their order; texts that follow each other are one."""
    if isinstance(content, str):
        return words.ids(content)
    ids, said = array("i"), ""
    for part in (each for each in content if isinstance(each, dict)):
        if part.get("type") == "image_url":
            ids.extend(words.ids(said))
            ids.extend(_picture(part["image_url"]["url"], patches))
            said = ""
        else:
            said += part.get("text", "")
    ids.extend(words.ids(said))
    return ids


def _picture(url: str, patches: int) -> list[int]:
    mark = -10_000 - zlib.crc32(url.encode()) % 100_000_000
    return [mark] * image_tokens(url, patches)


def image_tokens(url: str, patches: int = MOST_PATCHES) -> int:
    """By the size of a PNG or JPEG: patches of 14, merged two by two, scaled down where there
    are more than `patches` or a side is longer than 512 of them; other kinds by a flat count."""
    kind, _, packed = url.partition(";base64,")
    size = _SIZES.get(kind, lambda _: None)(packed)
    if size is None:
        return ANY_IMAGE
    width, height = size
    held = max(1, (width // 14) * (height // 14))
    shrink = min(1.0, math.sqrt(patches / held), 512 * 14 / width, 512 * 14 / height)
    return math.ceil(width * shrink / 28) * math.ceil(height * shrink / 28)


def _png_size(packed: str) -> tuple[int, int] | None:
    header = base64.b64decode(packed[:64])
    if not header.startswith(b"\x89PNG") or len(header) < 24:
        return None
    return int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")


def _jpeg_size(packed: str) -> tuple[int, int] | None:
    """From the first frame header among the segments of the file."""
    data = base64.b64decode(packed)
    at = 2
    while data[at : at + 1] == b"\xff":
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = data[at + 5 : at + 7], data[at + 7 : at + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        at += 2 + length
    return None


_SIZES = {"data:image/png": _png_size, "data:image/jpeg": _jpeg_size}


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
