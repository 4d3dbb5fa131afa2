"""Text to token counts: the only door to the tokenizers.

Kimi's models, OpenAI's encodings and a few others are counted with their own vocabularies,
offline, from `splintr`. Where that package is missing, `tiktoken` counts with its nearest
vocabulary if its file is already on this machine (nothing is ever downloaded), and where that
is missing too, a rule over characters does. Each of these states how far it may be off.

>>> counter_for("kimi_k3").count("Hello world")
2
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

TEMPLATE_TOKENS_PER_MESSAGE = 4
TEMPLATE_TOKENS_PER_REPLY = 3
# Read off Kimi K2's published chat template, not measured against a bill: about four tokens
# around each message, and three that open the reply.

SLICE = 65_536
"""No more characters than this are handed to a tokenizer at once, so that memory stays bounded
and no tokenizer meets a run it cannot take (tiktoken dies of one million spaces)."""

EXACT = Decimal(0)
NEAREST = Decimal("0.50")
# o200k in place of Kimi's vocabulary: filings -2 %, Chinese +9 to +27 %, German -24 % and,
# where it is all long compounds, almost half.
CHARACTERS = Decimal("1.00")
# The rule over characters: English +9 %, number tables -7 %, Chinese up to +74 %, random
# letters and digits half.

# Every vocabulary here ends a word at such a place, whatever stands around it: a letter or a
# digit before, white space or plain punctuation after. A cut there never changes the count.
_BOUNDARY = re.compile(r"(?<=[^\W_])(?=[\s,.;:<，。、；：！？])")

# Newest first where names share a start. The margins are of versions whose vocabulary has not
# been compared with the one that stands in for it.
_FAMILIES = (
    ("kimi", "kimi_k3", EXACT),
    ("moonshot", "kimi_k3", EXACT),
    ("local", "kimi_k3", EXACT),
    ("deepseek-v4", "deepseek_v3", Decimal("0.05")),
    ("deepseek-flash", "deepseek_v3", Decimal("0.05")),
    ("deepseek", "deepseek_v3", EXACT),
    ("glm-4", "glm4", EXACT),
    ("glm", "glm4", Decimal("0.05")),
    ("qwen3.", "qwen3", Decimal("0.15")),
    ("qwen3", "qwen3", EXACT),
    ("qwen2", "qwen3", EXACT),
    ("qwen", "qwen3", Decimal("0.15")),
    ("llama-3", "llama3", EXACT),
    ("claude", "o200k_base", Decimal("0.50")),
)
_LATER_OPENAI = ("o200k_base", Decimal("0.05"))
_OTHERS = ("o200k_base", Decimal("0.15"))


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts tokens of one vocabulary. `margin` is the share by which it may be off."""

    vocabulary: str
    margin: Decimal
    engine: str
    """What counts: "splintr", "tiktoken" or "characters"."""
    _encode: Callable[[str], int] = field(repr=False, compare=False)

    def count(self, text: str) -> int:
        """The tokens of `text`, in which a special token's name is plain text."""
        if len(text) <= SLICE:
            return self._encode(text)
        return sum(self._encode(piece) for piece in slices(text))

    def recount(self, text: str) -> int:
        """The same for a text that is counted again and again, such as what was said earlier in
        a conversation: known from the last times."""
        return _recounted(self, text) if len(text) <= _REMEMBERED else self.count(text)


_REMEMBERED = 8_000
"""Characters up to which a text's count is remembered with the text."""


@lru_cache(maxsize=2_048)
def _recounted(counter: Counter, text: str) -> int:
    return counter.count(text)


Loader = Callable[[str], Counter | None]
"""Gives the counter of a vocabulary, or None where this machine has no means for it."""


def slices(text: str, size: int = SLICE) -> Iterator[str]:
    """`text` in pieces of at most `size` characters, cut where the count stays exact.

    Only a run without any boundary, which no real text has, is cut by its length.
    """
    start = 0
    while len(text) - start > size:
        cut = _last_boundary(text, start + size // 2, start + size) or start + size
        yield text[start:cut]
        start = cut
    yield text[start:]


def words_of(text: str) -> Iterator[str]:
    """`text` in its smallest pieces whose counts add up to its own."""
    start = 0
    for match in _BOUNDARY.finditer(text):
        yield text[start : match.start()]
        start = match.start()
    yield text[start:]


def _last_boundary(text: str, low: int, high: int) -> int | None:
    for start in (max(low, high - 2_048), low):
        places = [match.start() for match in _BOUNDARY.finditer(text, start, high)]
        if places:
            return places[-1]
    return None


def from_splintr(vocabulary: str) -> Counter | None:
    """The vocabulary itself, from the package that carries it."""
    try:
        from splintr import Tokenizer
    except ImportError:
        return None
    try:
        # `encode` would read the name of a special token in a document as that token.
        encode = Tokenizer.from_pretrained(vocabulary).encode_ordinary
    except ValueError:
        return None
    return Counter(vocabulary, EXACT, "splintr", _sized(encode))


def from_tiktoken(vocabulary: str) -> Counter | None:
    """OpenAI's vocabulary of that name, or the nearest, if its file is on this machine."""
    name = vocabulary if vocabulary == "cl100k_base" else "o200k_base"
    if not _fetched_before(name):
        return None
    try:
        import tiktoken

        encode = tiktoken.get_encoding(name).encode_ordinary
    except (ImportError, OSError, ValueError):
        return None
    margin = EXACT if name == vocabulary else NEAREST
    return Counter(vocabulary, margin, "tiktoken", _sized(encode))


_TIKTOKEN_FILES = {  # the SHA-256 of the published files: tiktoken fetches any other anew
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}


def _fetched_before(name: str) -> bool:
    """Whether tiktoken can load an encoding without fetching it."""
    file = _tiktoken_file(name)
    if file is None or not file.is_file():
        return False
    return hashlib.sha256(file.read_bytes()).hexdigest() == _TIKTOKEN_FILES[name]


def _tiktoken_file(name: str) -> Path | None:
    """Where tiktoken keeps the file of an encoding; None where it was told to keep none."""
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    if folder == "":
        return None
    url = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
    file = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    return Path(folder or Path(tempfile.gettempdir(), "data-gym-cache"), file)


def from_characters(vocabulary: str) -> Counter:
    """A rule that needs nothing: four ASCII letters or spaces, or three other ASCII
    characters in two tokens, and one token for every character of another script."""
    return Counter(vocabulary, CHARACTERS, "characters", _count_characters)


_LETTERS = bytes(byte for byte in range(128) if chr(byte).isalpha() or chr(byte).isspace())


def _count_characters(text: str) -> int:
    ascii_text = text.encode("ascii", "ignore")
    others = len(ascii_text.translate(None, _LETTERS))
    letters = len(ascii_text) - others
    return -(-letters // 4) + -(-others * 2 // 3) + len(text) - len(ascii_text)


def _sized(encode: Callable[[str], Sequence[int]]) -> Callable[[str], int]:
    def count(text: str) -> int:
        try:
            return len(encode(text))
        except UnicodeEncodeError:  # half of a surrogate pair, which broken PDFs hold
            return len(encode(text.encode("utf-8", "replace").decode()))

    return count


LOADERS: tuple[Loader, ...] = (from_splintr, from_tiktoken, from_characters)

_counters: dict[str, Counter] = {}
_lock = threading.Lock()


def load_counter(vocabulary: str, loaders: Sequence[Loader] = LOADERS) -> Counter:
    """The counter of the first loader that has one. `counter_for` keeps it."""
    found = (loader(vocabulary) for loader in loaders)
    return next((counter for counter in found if counter), from_characters(vocabulary))


def counter_for(vocabulary: str) -> Counter:
    """The counter of a vocabulary, loaded once per process; any thread may use it."""
    if counter := _counters.get(vocabulary):
        return counter
    with _lock:
        if vocabulary not in _counters:
            _counters[vocabulary] = load_counter(vocabulary)
        return _counters[vocabulary]


def vocabulary_for(model_id: str) -> tuple[str, Decimal]:
    """The vocabulary that counts for a model, and the share by which it may be off.

    >>> vocabulary_for("moonshotai/kimi-k3")
    ('kimi_k3', Decimal('0'))
    """
    name = model_id.strip().lower().rsplit("/", 1)[-1]
    for start, vocabulary, margin in _FAMILIES:
        if name.startswith(start):
            return vocabulary, margin
    if encoding := _openai_encoding(name):
        return encoding, EXACT
    return _LATER_OPENAI if name.startswith("gpt-") else _OTHERS


def _openai_encoding(name: str) -> str | None:
    """The encoding tiktoken names for an OpenAI model, where one of ours counts it exactly."""
    try:
        from tiktoken.model import encoding_name_for_model

        encoding = encoding_name_for_model(name)
    except (ImportError, KeyError):
        return None
    encoding = encoding.replace("o200k_harmony", "o200k_base")  # they differ in special tokens
    return encoding if encoding in ("o200k_base", "cl100k_base") else None


def count_tokens(text: str, model: str = "kimi-k3") -> int:
    """How many tokens `text` is for a model: exact for Kimi's and OpenAI's, else near.

    >>> count_tokens("Who may terminate?", model="kimi-k3")
    4
    """
    return counter_for(vocabulary_for(model)[0]).count(text)
