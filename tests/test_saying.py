"""Sentences that can be told in another language, and are plain English to whoever does not ask."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from decimal import Decimal

import pytest

from kimiqa.errors import EndpointError, FileNotFoundError, OverCapError
from kimiqa.plurals import counted
from kimiqa.saying import Said, joined, kept, listed, restored, say, say_of

SENTENCE = say("{name} has {pages}.", name="a {b}.pdf", pages=counted(1_200, "page"))


def test_a_sentence_is_the_english_that_it_says() -> None:
    assert SENTENCE == "a {b}.pdf has 1,200 pages."
    assert json.dumps([SENTENCE]) == '["a {b}.pdf has 1,200 pages."]'


def test_braces_without_values_stay_as_they_are() -> None:
    assert say('Write it so: {"document": "lease.md"}') == 'Write it so: {"document": "lease.md"}'


@pytest.mark.parametrize(
    "again",
    [lambda each: pickle.loads(pickle.dumps(each)), copy.copy, copy.deepcopy],
    ids=["pickled", "copied", "copied deeply"],
)
@pytest.mark.parametrize(
    "error",
    [
        OverCapError(SENTENCE, say("Raise the cap of {cap}.", cap=Decimal("0.20"))),
        FileNotFoundError(SENTENCE, "Check the path."),
        EndpointError(SENTENCE, "Ask again.", billed="unknown", status=503),
    ],
    ids=lambda error: error.code,
)
def test_an_error_keeps_its_templates_and_values(
    error: EndpointError, again: Callable[[EndpointError], EndpointError]
) -> None:
    found = again(error)

    assert str(found) == str(error)
    assert found.message.template == "{name} has {pages}."
    assert found.message.values == {"name": "a {b}.pdf", "pages": "1,200 pages"}
    assert found.hint.template == error.hint.template
    assert found.to_json() == error.to_json()


def test_an_errors_text_is_its_sentence_and_its_next_step() -> None:
    said = str(OverCapError(SENTENCE, "Raise the cap."))

    assert said == "a {b}.pdf has 1,200 pages. Raise the cap."
    assert isinstance(said, Said)
    assert str(OverCapError("Too much.")) == "Too much."


def test_joined_sentences_keep_what_they_were_made_of() -> None:
    both = joined([SENTENCE, "", say("Nothing was {sent}.", sent="sent")], " {} ")

    assert both == "a {b}.pdf has 1,200 pages. {} Nothing was sent."
    assert [each.template for each in both.values.values() if isinstance(each, Said)] == [
        "{name} has {pages}.",
        "Nothing was {sent}.",
    ]


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 files were read"), (1, "1 file was read"), (2, "2 files were read")]
)
def test_a_sentence_agrees_with_its_number(number: int, said: str) -> None:
    assert say_of(number, "{number} file was read", "{number} files were read") == said


def test_a_sentence_is_kept_as_json_and_told_again() -> None:
    row = json.loads(json.dumps(kept(joined([SENTENCE, say("Nothing was sent.")]))))

    found = restored(row)

    assert found == "a {b}.pdf has 1,200 pages. Nothing was sent."
    first, second = found.values.values()
    assert isinstance(first, Said)
    assert isinstance(second, Said)
    assert (first.template, second.template) == ("{name} has {pages}.", "Nothing was sent.")
    assert isinstance(first.values["pages"], Said)
    assert first.values["pages"].values["number"] == 1_200


def test_a_name_in_a_kept_sentence_is_no_sentence_of_ours() -> None:
    assert type(restored(kept(SENTENCE)).values["name"]) is str


def test_what_was_kept_as_text_is_a_sentence_with_nothing_in_it() -> None:
    assert restored("Nothing was sent.").template == "Nothing was sent."


def test_a_sentence_joined_with_nothing_is_itself() -> None:
    assert joined(["", SENTENCE]) is SENTENCE
    assert joined([]) == ""


def test_names_are_listed() -> None:
    assert [listed(["a", "b", "c"][:n]) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]
