"""Chunks chosen by meaning too: vectors made once, kept with the document, gone with it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from asking import guard_network

from kimiqa import Client, Document
from kimiqa.errors import BadRequestError
from kimiqa.ranking import Index
from kimiqa.semantic import likeness, ready
from kimiqa.semantic.model import embedder
from kimiqa.store import store_for
from kimiqa.tokens import counter_for

QUESTION = "Who founded the firm?"
FACT = "The bakery was started by Ada Quill in 1911."
FILLER = (
    "The schedule of rents is read with the map of the yard.",
    "Tides at the harbour follow the moon, as the almanac shows.",
    "Slate roofs are laid from the eaves to the ridge.",
    "A violin is tuned in fifths.",
    "The bus to the valley leaves at nine.",
    "Copper wire carries the current to the lamp.",
)
COUNTER = counter_for("kimi_k3")


@pytest.fixture
def _extra() -> None:
    if embedder() is None:
        pytest.skip("the semantic extra is not installed")


def papers() -> bytes:
    pages = [*FILLER[:3], FACT, *FILLER[3:]]
    return "\f".join(f"{page} " * 3 for page in pages).encode()


def opened(home: Path) -> Document:
    path = home / "papers.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(papers())
    return Document.open(path, home=home)


def index(*documents: Document) -> Index:
    return Index.build(list(enumerate(documents, 1)), COUNTER)


def rows(home: Path) -> int:
    with store_for(home).database() as database:
        return int(database.execute("SELECT COUNT(*) FROM vectors").fetchone()[0])


# Meaning beside words ---------------------------------------------------------------------------


def ranked(texts: list[str], question: str, alike: list[float]) -> list[str]:
    held = index(Document.from_pages(texts))
    return [chunk.text for chunk in held.rank(question, np.array(alike, np.float32))]


def test_meaning_decides_between_words_and_seldom_against_them() -> None:
    texts = ["The rent falls due in May.", "The rent falls due in June.", "What is owed.", "Tides."]

    assert ranked(texts, "When is rent due?", [0.1, 0.3, 0.1, 0.0])[0] == texts[1]
    assert ranked(texts, "When is rent due?", [0.0, 0.0, 0.0, 0.7])[:2] == texts[:2]


def test_meaning_alone_decides_where_no_word_is_found() -> None:
    texts = list(FILLER[:3])

    assert ranked(texts, "xyzzy?", [0.1, 0.8, 0.3]) == [texts[1], texts[0], texts[2]]


def test_a_page_is_as_alike_as_the_best_of_its_chunks() -> None:
    halves = [(f"{each} " * 7).strip() for each in FILLER]
    held = index(Document.from_pages(["\n\n".join(halves[at : at + 2]) for at in (0, 2, 4)]))
    alike = np.zeros(len(held), np.float32)
    alike[-1] = 0.9

    chunks = list(held.rank("xyzzy?", alike))

    assert chunks[0].text == halves[-1]
    assert [chunk.page for chunk in chunks[:3]] == [3, 3, 1]


# The model --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_extra")
def test_meaning_finds_what_other_words_say(home: Path) -> None:
    document = opened(home)
    document.embed()
    held = index(document)

    alike = likeness(held, QUESTION)
    assert alike is not None
    first = next(iter(held.rank(QUESTION, alike)))

    assert not any(held.scores(QUESTION))
    assert FACT in first.text


@pytest.mark.usefixtures("_extra")
def test_vectors_are_used_where_they_are_made_and_never_made_unasked(home: Path) -> None:
    document = opened(home)

    before = likeness(index(document), QUESTION)
    document.embed()

    assert before is None
    assert likeness(index(document), QUESTION) is not None
    assert likeness(index(document), QUESTION, "bm25") is None


@pytest.mark.usefixtures("_extra")
def test_vectors_are_made_once_and_told_of(home: Path) -> None:
    told: list[tuple[int, int | None]] = []

    made = opened(home).embed(on_progress=lambda step: told.append((step.done, step.total)))
    again: list[object] = []
    same = opened(home).embed(on_progress=again.append)

    assert told == [(made, made)]
    assert (same, again, rows(home)) == (made, [], 1)


@pytest.mark.usefixtures("_extra")
def test_the_vectors_go_with_the_document(home: Path) -> None:
    document = opened(home)
    document.embed()

    store_for(home).delete(document.id)

    assert rows(home) == 0
    assert not ready([document])


@pytest.mark.usefixtures("_extra")
def test_a_plan_by_meaning_sends_the_answer_and_nothing_leaves_before(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = guard_network(monkeypatch)
    document = opened(home)
    client = Client("kimi-k3", ranking="semantic", home=home)

    plan = client.plan(QUESTION, [document], strategy="chunks", max_prompt_tokens=900)

    assert any(FACT in chunk.text for chunk in plan.chunks)
    assert tried == []


@pytest.mark.usefixtures("_extra")
def test_one_s_own_model_makes_vectors_of_its_own(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = embedder()
    assert usual is not None
    os.symlink(usual.weights, tmp_path / "model.onnx")
    usual.save_tokenizer(tmp_path / "tokenizer.json")
    monkeypatch.setenv("KIMIQA_EMBEDDINGS", str(tmp_path))
    document = opened(home)
    document.embed()

    own = embedder()
    assert own is not None

    assert own.name != usual.name
    assert np.allclose(own.embed([FACT]), usual.embed([FACT]), atol=1e-5)
    assert ready([document])


def test_a_folder_without_a_model_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KIMIQA_EMBEDDINGS", str(tmp_path))

    with pytest.raises(BadRequestError, match="KIMIQA_EMBEDDINGS"):
        embedder()


def test_a_ranking_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadRequestError, match="no ranking 'magic'"):
        Client("kimi-k3", home=None).plan(
            QUESTION, [Document.from_pages(["a page"])], strategy="chunks", ranking="magic"
        )
