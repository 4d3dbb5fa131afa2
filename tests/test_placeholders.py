"""In private, placeholders leave the machine and values stay: in every byte, turn and document."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pdfs
import pypdf
import pytest
from asking import client_at
from hypothesis import given
from hypothesis import strategies as st

from kimiqa import Client, Document
from kimiqa.personal.cover import Cover
from kimiqa.personal.marks import LOOKS_ALIKE, Marks, Restoring, found_in
from kimiqa.store import store_for
from kimiqa.testing import KimiServer, Researcher
from kimiqa.tokens import counter_for

PAGES = [
    "The tenant Ann Lee, ann.lee@example.org, pays to DE89 3704 0044 0532 0130 00 each month.",
    "Her card 4111 1111 1111 1111 is a surety. Ring +49 30 901820 or write ann.lee@example.org.",
    "This form prints [EMAIL-1] where an address belongs. The rent is 900 euros.",
]
VALUES = (
    "ann.lee@example.org",
    "DE89 3704 0044 0532 0130 00",
    "4111 1111 1111 1111",
    "+49 30 901820",
    "bob@example.net",
)
PIECES = st.sampled_from(
    [
        *VALUES,
        "[EMAIL-1]",
        "[card-3]",
        "[TEXT-2]",
        "[",
        "]",
        "-",
        "1",
        "EMAIL",
        "\\",
        " ",
        "\n",
        "-\n",
        "rent",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=12).map("".join)


def lease(name: str = "lease.txt") -> Document:
    return Document.open("\f".join(PAGES).encode(), name=name)


BROKEN = (
    "Pay to IBAN DE89 3704 0044 0532\n0130 00 now. Mail jörg@müller.de or ann@exam-\nple.org. "
    "Her card 4111-1111-\n1111-1111 is a surety.\nCall 020 7946 0958."
)


def raw(server: Any) -> bytes:
    """Every byte of every request, and the same with its JSON read."""
    bodies = [each.raw for each in server.requests]
    read = [json.dumps(json.loads(body), ensure_ascii=False).encode() for body in bodies if body]
    return b"\n".join([*bodies, *read])


# Round trips ------------------------------------------------------------------------------------


def marks_of(*texts: str) -> Marks:
    values = dict.fromkeys(value for text in texts for _, _, value in found_in(text))
    return Marks({value: number for number, value in enumerate(values, 1)})


@given(TEXTS)
def test_what_is_replaced_is_put_back(text: str) -> None:
    marks = marks_of(text)

    back = marks.restored(marks.masked(text).text)

    assert joined(back) == joined(text)


def joined(text: str) -> str:
    """A text whose white space does not matter; after a hyphen it may be a line's end."""
    return " ".join(text.split()).replace("- ", "-")


@given(TEXTS, st.lists(st.integers(1, 9)))
def test_it_is_put_back_however_the_answer_is_cut(text: str, sizes: list[int]) -> None:
    marks = marks_of(text, *VALUES)
    sent = marks.masked(text).text
    restoring, said, at = Restoring(marks), "", 0
    for size in sizes:
        said += restoring.feed(sent[at : at + size])
        at += size

    assert said + restoring.feed(sent[at:]) + restoring.close() == marks.restored(sent)


@given(TEXTS)
def test_every_placeholder_that_is_sent_is_ours(text: str) -> None:
    marks = marks_of(text)
    ours = {f"[{mark}-{number}]" for (mark, _), number in marks.numbers.items()}

    sent = marks.masked(text).text

    assert {found[0] for found in LOOKS_ALIKE.finditer(sent)} <= ours
    assert marks.held(sent) == []


@given(TEXTS, st.data())
def test_a_place_goes_there_and_back(text: str, data: st.DataObject) -> None:
    masked = marks_of(text).masked(text)
    at = data.draw(st.integers(0, len(text)))

    there = masked.onward(at)

    inside = any(edit.start < at < edit.end for edit in masked.edits)
    assert inside or masked.back(there) == at


def test_a_value_has_one_placeholder_in_all_documents() -> None:
    first, second = lease(), Document.open(b"Copy to ann.lee@example.org", name="b.txt")
    counter = counter_for("kimi_k3")

    alone = Cover.of([first], [], counter).documents[0].pages[0].text
    both = Cover.of([second, first], ["Who is bob@example.net?"], counter)

    assert both.documents[1].pages[0].text == alone
    assert "[EMAIL-1]" in alone
    assert both.documents[0].pages[0].text == "Copy to [EMAIL-1]"


def test_what_looks_like_a_placeholder_is_none() -> None:
    cover = Cover.of([lease()], [], counter_for("kimi_k3"))

    page = cover.documents[0].pages[2].text

    assert "[EMAIL-1]" not in page
    assert cover.marks.restored(page) == PAGES[2]


def test_how_a_model_writes_a_placeholder_does_not_matter() -> None:
    marks = marks_of("ann.lee@example.org")

    for written in ("[EMAIL-1]", "[email-1]", "\\[EMAIL-1\\]", "【EMAIL‑1】", "[ EMAIL - 1 ]"):
        assert marks.restored(written) == "ann.lee@example.org"
    assert marks.restored("[EMAIL-2] [D1 p. 1]") == "[EMAIL-2] [D1 p. 1]"


# At the server ----------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["full", "chunks", "swarm", "auto"])
def test_no_value_is_in_any_byte_that_leaves(server: Any, strategy: Any) -> None:
    document = lease("ann.lee@example.org lease.txt")
    client = client_at(server, private=True)
    talk = client.conversation(document)

    talk.ask("What does ann.lee@example.org pay, and is bob@example.net named?", strategy=strategy)
    talk.ask("And the card?", strategy=strategy)

    sent = raw(server)
    assert server.chats
    assert not [value for value in VALUES if value.encode() in sent]
    assert b"[EMAIL-1]" in sent


def test_it_is_off_unless_it_is_switched_on(server: Any) -> None:
    client_at(server).ask("What does she pay?", lease())

    assert VALUES[0].encode() in raw(server)


def test_values_are_back_in_the_answer_and_citations_are_checked_against_the_pages(
    server: Any,
) -> None:
    server.answer = (
        'She "pays to [BANK-1] each month" [D1 p. 1]. Write to [EMAIL-1], never to [EMAIL-77]. '
        '"Her card [CARD-1] is a surety" [D1 p. 2].'
    )

    answer = client_at(server).ask("What does she pay?", lease(), strategy="full", private=True)

    assert "pays to DE89 3704 0044 0532 0130 00 each month" in answer.text
    assert "Write to ann.lee@example.org, never to [EMAIL-77]" in answer.text
    assert [(each.status, each.found_page) for each in answer.citations] == [
        ("verified", 1),
        ("verified", 2),
    ]
    assert PAGES[0][answer.citations[0].found_start or 0 :].startswith("pays to DE89")
    assert any("stand for nothing: [EMAIL-77]" in each for each in answer.warnings)


def test_a_value_that_a_line_end_breaks_is_replaced_and_quoted_from_its_page(server: Any) -> None:
    document = Document.open(BROKEN.encode(), name="a.txt")
    server.answer = (
        '"Her card [CARD-1] is a surety" [D1 p. 1]. "Pay to IBAN [BANK-1] now" [D1 p. 1].'
    )

    answer = client_at(server).ask("What is paid?", document, strategy="full", private=True)

    sent = raw(server).decode()
    assert [
        each for each in ("DE89", "0130", "4111", "müller", "ple.org", "7946") if each in sent
    ] == []
    assert "Her card 4111-1111-1111-1111 is a surety" in answer.text
    assert "IBAN DE89 3704 0044 0532 0130 00 now" in answer.text
    assert [each.status for each in answer.citations] == ["verified", "verified"]


def test_a_value_has_one_placeholder_also_where_a_line_ends_in_it() -> None:
    marks = marks_of("card 4111-1111-1111-1111")

    assert marks.masked("or 4111-1111-\n1111-1111.").text == "or [CARD-1]."


def test_the_stream_gives_values_and_never_half_of_a_placeholder(server: Any) -> None:
    server.answer = "Ring [PHONE-1] or write to [EMAIL-1]."
    from kimiqa.plan import Text

    client = client_at(server, private=True)
    said = [e.text for e in client.stream("How to reach her?", lease()) if isinstance(e, Text)]

    assert "".join(said) == "Ring +49 30 901820 or write to ann.lee@example.org."
    assert not any("[" in each for each in said)


def test_a_conversation_keeps_its_prefix_and_its_words(server: Any) -> None:
    server.answer = "It is [EMAIL-1]."
    talk = client_at(server, private=True).conversation(lease())

    first = talk.ask("What is her address?", strategy="full")
    talk.ask("Is ann.lee@example.org right?", strategy="full")

    earlier, later = (chat["messages"] for chat in server.chats)
    assert first.text == "It is ann.lee@example.org."
    assert later[: len(earlier)] == earlier
    assert later[-2]["content"] == "It is [EMAIL-1]."
    assert later[-1]["content"] == "Is [EMAIL-1] right?"


def test_chunks_are_told_in_the_places_of_the_original() -> None:
    client = Client("kimi-k3", home=None)

    plan = client.plan("What is her card?", lease(), strategy="chunks", private=True)

    assert plan.chunks
    for chunk in plan.chunks:
        assert chunk.document_id == plan.documents[0].id
        page = plan.documents[0].pages[chunk.page - 1].text
        assert page[chunk.start : chunk.end].strip() == page[chunk.start : chunk.end]


def test_what_is_priced_is_what_is_sent(server: Any) -> None:
    client = client_at(server, private=True)
    plan = client.plan("What does she pay?", lease(), strategy="full")

    answer = client.run(plan)

    open_plan = client.plan("What does she pay?", lease(), strategy="full", private=False)
    counted = sum(
        counter_for("kimi_k3").count(each["content"]) for each in server.chats[0]["messages"]
    )
    assert plan.requests[0].own_tokens == counted
    assert plan.estimate.prompt_tokens != open_plan.estimate.prompt_tokens
    assert answer.usage is not None
    assert server.chats[0]["messages"] == plan.requests[0].messages


# What is kept -----------------------------------------------------------------------------------


def test_a_deleted_document_takes_its_values_along_and_no_number_comes_again(home: Path) -> None:
    client = Client("kimi-k3")
    client.plan("Who?", lease(), strategy="full", private=True)
    store_for(home).delete(lease().id)

    left = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    again = client.plan("Who?", lease(), strategy="full", private=True)

    assert not [value for value in VALUES if value.encode() in left]
    assert "[EMAIL-2]" in again.requests[0].content
    assert "[EMAIL-1]" not in again.requests[0].content


@pytest.mark.parametrize("way", ["rewrite", "research"])
def test_a_value_that_stands_in_a_bookmark_alone_stays_here(
    server: KimiServer, tmp_path: Path, way: str
) -> None:
    writer = pypdf.PdfWriter(
        clone_from=BytesIO(pdfs.make_pdf(["The rent is due in May. " * 40] * 60))
    )
    long = "Notes of the second session, taken down by telephone on the day after by"
    writer.add_outline_item(title=f"{long} anna.schmidt@example.com", page_number=1)
    path = tmp_path / "notes.pdf"
    writer.write(path)
    server.answer = Researcher() if way == "research" else None
    asker = Client("kimi-k3", api_key=server.key, base_url=server.base_url, home=None)
    strategy: Any = "research" if way == "research" else "chunks"

    asker.ask(
        "When is the rent due?",
        [path],
        private=True,
        strategy=strategy,
        rewrite=way == "rewrite",
        max_prompt_tokens=4_000 if way == "rewrite" else None,
    )

    assert server.requests
    assert not any(b"anna" in each.raw for each in server.requests)
