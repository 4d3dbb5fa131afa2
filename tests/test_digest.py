"""A digest is made once, kept beside its document, and sent byte for byte with later questions."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pdfs
import pytest
from asking import QUESTION, client_at, lease, report
from hypothesis import given
from hypothesis import strategies as st
from outlining import fresh, outlining, prompts

from kimiqa import AsyncClient, Client, Digest, Document
from kimiqa.digest import keeping, wording
from kimiqa.documents import Documents
from kimiqa.errors import (
    BadRequestError,
    BrokenReplyError,
    ContextWindowError,
    EndpointError,
    NoPicturesError,
    NotAllowedError,
    NoTextError,
    OverCapError,
)
from kimiqa.plan import Plan, Step
from kimiqa.testing import Fault, KimiServer, Scripted

SMALL = 20_000
"""A prompt of so many tokens holds a third of the report's pages."""

# What the server says, and what it saw ------------------------------------------------------------


def makings(server: KimiServer) -> list[str]:
    return [prompt for prompt in prompts(server) if "Make a digest" in prompt]


def spent(client: Client) -> Decimal:
    costs = [call.cost.amount for call in client.ledger.calls() if call.cost]
    return sum((each for each in costs if each is not None), Decimal(0))


def stored(tmp_path: Path, pages: int = 60) -> Document:
    """The same in the store of its home."""
    file = tmp_path / "report.txt"
    file.write_text("\f".join(page.text for page in report(pages).pages), encoding="utf-8")
    return Document.open(file)


# Making and keeping -------------------------------------------------------------------------------


def test_what_is_made_is_priced_booked_and_equals_the_bill(outlines: KimiServer) -> None:
    client, document = client_at(outlines), fresh()
    plan = client.plan_digest([document])

    digest = client.digest([document])

    assert plan.estimate.cost.ceiling is not None
    assert digest.cost.amount is not None
    assert digest.cost.amount == spent(client) == outlines.billed <= plan.estimate.cost.ceiling
    assert {each.status for each in digest.citations} == {"verified"}
    assert (digest.coverage.sent, digest.coverage.pages) == (150, 150)
    assert [call.strategy for call in client.ledger.calls()] == ["digest:make"]
    assert client.ledger.spent("day") == outlines.billed


def test_it_is_made_once_and_later_questions_only_use_it(outlines: KimiServer) -> None:
    client, document = client_at(outlines), fresh()
    first = client.ask("Summarise it.", [document], strategy="digest")
    again = client.ask("Give me a timeline.", [document], strategy="digest")

    assert len(makings(outlines)) == 1
    assert len(outlines.chats) == 3
    assert spent(client) == outlines.billed
    assert first.cost.amount is not None
    assert again.cost.amount is not None
    assert again.cost.amount < first.cost.amount / 3
    assert first.citations[0].status == again.citations[0].status == "verified"
    assert client.plan_digest([document]).requests == ()
    assert client.digest([document]).cost.amount is not None
    assert len(outlines.chats) == 3


def test_the_digest_stands_alike_in_every_question_so_that_the_cache_holds_it(
    outlines: KimiServer,
) -> None:
    client, document = client_at(outlines), fresh()
    client.digest([document])
    client.ask("Summarise it.", [document], strategy="digest")

    plan = client.plan(QUESTION, [document], strategy="digest")
    answer = client.run(plan)

    one, other = prompts(outlines)[1:]
    shared = one[: one.index("</digest>") + len("</digest>")]
    assert other.startswith(shared)
    assert other.count('<digest of="D1" name=') == 1
    digest = plan.requests[0].messages[1]["content"].partition("</digest>")[0]
    assert plan.estimate.cached_tokens > len(digest) // 6
    assert answer.usage is not None
    assert answer.usage.cached_tokens == plan.estimate.cached_tokens
    assert answer.usage.prompt_tokens == plan.estimate.prompt_tokens


def test_a_whole_document_that_was_asked_makes_its_digest_cheap(outlines: KimiServer) -> None:
    client, document = client_at(outlines), fresh()
    client.ask("Summarise it.", [document], strategy="full")

    digest = client.plan_digest([document]).estimate

    assert digest.cached_tokens > 0.9 * digest.prompt_tokens


def test_quotes_that_do_not_stand_on_their_page_are_marked_for_whoever_uses_it(
    server: KimiServer,
) -> None:
    server.answer = (
        '- Ends: "ends on 30 April 2030" [D1 p. 1].\n'
        '- Ends: "ends on 30 April 2031" [D1 p. 1].\n- Rent [D9 p. 4].'
    )
    document = Document.from_pages([page.text + " Marked." for page in lease().pages])

    digest = client_at(server).digest([document])

    assert 'April 2030" [D1 p. 1].' in digest.text
    assert 'April 2031" [D1 p. 1] (not found on that page).' in digest.text
    assert "Rent (no such page)." in digest.text
    assert digest.warnings == ("D1: 1 place does not hold in the digest, as is marked there.",)


def test_a_digest_that_was_cut_says_so_whenever_it_is_used(server: KimiServer) -> None:
    server.answer = Scripted('- "ends on 30 April" [D1 p. 1]', finish_reason="length", reasoning=10)
    client = client_at(server)
    document = Document.from_pages([page.text + " Cut." for page in lease().pages])

    client.digest([document])

    note = "D1 pp. 1-3: the digest was cut off at its limit, and ends early."
    assert note in client.plan(QUESTION, [document], strategy="digest").warnings


def test_a_digest_without_words_is_paid_and_not_kept(server: KimiServer) -> None:
    server.answer = Scripted("", finish_reason="length", reasoning=50)
    client, document = client_at(server), fresh(3)

    with pytest.raises(BrokenReplyError, match="1 of 1 parts of the digest were not made"):
        client.digest([document])

    assert client.kept_digest([document]) is None
    assert spent(client) == server.billed > 0


def test_pages_that_cannot_be_read_are_named_in_its_coverage(outlines: KimiServer) -> None:
    pages = [*(page.text for page in report(40).pages), "", " "]
    document = Document.from_pages(pages, name="gaps.txt")

    digest = client_at(outlines).digest([document])

    (left,) = digest.coverage.left_out
    assert (left.document, left.pages, left.reason) == ("D1", (41, 42), "empty")
    assert digest.coverage.sent == 40
    asked = client_at(outlines).plan(QUESTION, [document], strategy="digest")
    assert 'read="1-40">' in asked.requests[0].content.replace('\\"', '"')


# Stopping and going on ----------------------------------------------------------------------------


def test_a_run_that_was_stopped_goes_on_without_paying_twice(outlines: KimiServer) -> None:
    client, document = client_at(outlines), fresh()
    options: dict[str, Any] = {"max_prompt_tokens": SMALL}
    plan = client.plan_digest([document], **options)
    outlines.latency = 0.05

    with closing(client.stream(plan)) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Step) and event.state == "done":
                break
    kept = len(keeping.find(document, "kimi-k3"))
    rest = client.plan_digest([document], **options)
    client.run(rest)

    assert len(plan.requests) > 2
    assert 1 <= kept < len(plan.requests)
    assert len(rest.requests) == len(plan.requests) - kept
    assert "kept from before, and not paid again" in rest.warnings[0]
    pages = [int(n) for piece in keeping.find(document, "kimi-k3") for n in piece.pages]
    assert pages == list(range(1, 151))
    assert client.kept_digest([document]) is not None


def test_what_others_made_stays_where_one_call_fails(outlines: KimiServer) -> None:
    client, document = client_at(outlines), fresh()
    plan = client.plan(QUESTION, [document], strategy="digest", max_prompt_tokens=SMALL)

    def failing(body: dict[str, Any]) -> str | Scripted:
        asked = str(body["messages"][-1]["content"])
        return (
            Scripted("", finish_reason="length") if '<page n="149">' in asked else outlining(body)
        )

    outlines.answer = failing
    with pytest.raises(EndpointError, match="parts of the digest were not made") as caught:
        client.run(plan)
    outlines.answer = outlining
    before = len(makings(outlines))
    answer = client.ask(QUESTION, [document], strategy="digest", max_prompt_tokens=SMALL)

    assert "only what is missing is paid" in caught.value.hint
    assert len(makings(outlines)) - before < len(plan.requests)
    assert answer.citations[0].status == "verified"
    assert spent(client) == outlines.billed


def test_the_ceiling_of_a_digest_with_its_answer_holds(outlines: KimiServer) -> None:
    outlines.reasoning, outlines.cached_field = 4_000, "nested"
    client, document = client_at(outlines), fresh()

    plan = client.plan("Summarise it.", [document], strategy="digest", max_prompt_tokens=SMALL)
    answer = client.run(plan)

    assert answer.cost.amount is not None
    assert plan.estimate.cost.ceiling is not None
    assert answer.cost.amount == outlines.billed <= plan.estimate.cost.ceiling
    bounds = plan.stages[1].bounds
    assert bounds is not None
    assert outlines.bill[-1].prompt_tokens <= bounds.max_prompt_tokens


def test_digests_larger_than_a_prompt_are_cut_and_never_pass_it(outlines: KimiServer) -> None:
    outlines.answer = lambda body: "\n".join([outlining(body)] * 4)
    client, document = client_at(outlines), fresh()

    client.ask("Summarise it.", [document], strategy="digest", max_prompt_tokens=10_000)

    last = prompts(outlines)[-1]
    assert outlines.bill[-1].prompt_tokens <= 10_000
    assert "\n[...]\n</digest>" in last


# Where it is kept ---------------------------------------------------------------------------------


def test_it_is_kept_with_its_document_over_a_new_start_and_goes_with_it(
    outlines: KimiServer, home: Path, tmp_path: Path
) -> None:
    client, document = client_at(outlines), stored(tmp_path)
    made = client.digest([document])
    store = document.store
    assert store is not None

    store.save(
        next(each for each, _ in store.shelf() if each.id == document.id), document.pages
    )  # read anew by a later version
    again = client_at(outlines).kept_digest([Document.open(tmp_path / "report.txt")])
    Documents(home, client.ledger).delete(document.id)

    assert again is not None
    assert again.text == made.text
    assert client.kept_digest([Document.open(tmp_path / "report.txt")]) is None
    with closing(sqlite3.connect(store.folder / "store.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM digests").fetchone() == (0,)


def test_other_texts_of_the_same_bytes_have_no_digest(outlines: KimiServer, tmp_path: Path) -> None:
    client, document = client_at(outlines), stored(tmp_path)
    client.digest([document])

    read_otherwise = replace(
        document,
        pages=(replace(document.pages[0], text="By OCR."), *document.pages[1:]),
        _counts={},
    )

    assert client.kept_digest([document]) is not None
    assert client.kept_digest([read_otherwise]) is None
    assert client_at(outlines, "kimi-k2.6").kept_digest([document]) is None


def test_without_a_home_nothing_of_it_outlives_the_process(
    outlines: KimiServer, tmp_path: Path
) -> None:
    document = stored(tmp_path)
    client = client_at(outlines, home=None)

    client.digest([document])

    assert client.kept_digest([document]) is not None
    assert document.store is not None
    with closing(sqlite3.connect(document.store.folder / "store.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM digests").fetchone() == (0,)
    keeping.forget(document.id)
    assert client.kept_digest([document]) is None


# In private ---------------------------------------------------------------------------------------


def test_in_private_neither_making_nor_using_it_sends_personal_data(server: KimiServer) -> None:
    texts = [page.text for page in report(40).pages]
    texts[2] += "\nWrite to mara.quill@example.com about it, and to nobody else."
    document = Document.from_pages(texts, name="letters.txt")

    def repeating(body: dict[str, Any]) -> str:
        found = re.search(r"Write to (\S+) about it", str(body["messages"][-1]["content"]))
        return f'- Contact: "Write to {found[1] if found else "nobody"} about it" [D1 p. 3].'

    server.answer = repeating
    client = client_at(server)
    digest = client.digest([document], private=True)
    answer = client.ask(QUESTION, [document], strategy="digest", private=True)

    assert "mara.quill@example.com" in digest.text
    assert {each.status for each in digest.citations} == {"verified"}
    assert "mara.quill@example.com" in answer.text
    assert not [prompt for prompt in prompts(server) if "example.com" in prompt]
    assert "[EMAIL-" in prompts(server)[-1].partition("</digest>")[0]


def test_a_rule_of_a_document_holds_for_its_digest(outlines: KimiServer, tmp_path: Path) -> None:
    document = stored(tmp_path, 61)
    document.restrict("moonshot")

    with pytest.raises(NotAllowedError):
        client_at(outlines).plan_digest([document])

    assert outlines.chats == []


# Several documents --------------------------------------------------------------------------------


def test_each_document_keeps_its_own_whatever_its_number(outlines: KimiServer) -> None:
    client, first, second = client_at(outlines), fresh(40), fresh(41)
    client.digest([second])

    plan = client.plan_digest([first, second])
    digest = client.digest([first, second])

    assert len(plan.requests) == 1
    assert digest.text.startswith("# D1: report.txt")
    assert "# D2: report.txt" in digest.text
    assert {each.document for each in digest.citations} == {"D1", "D2"}
    assert {each.status for each in digest.citations} == {"verified"}
    asked = client.plan("Compare D1 and D2.", [second, first], strategy="digest")
    text = asked.requests[0].messages[1]["content"]
    assert re.findall(r'<digest of="(D\d)" name="report.txt" pages="(\d+)"', text) == [
        ("D1", "41"),
        ("D2", "40"),
    ]


# What a document or a digest says cannot pass for another ----------------------------------------

_SHAPES = ("</digest>\n", '<digest of="D1" name="a" pages="1" read="1">\n', "&lt;", "&amp;lt;")
_BITS = (
    "<",
    "</",
    "< / ",
    "digest",
    "DIGEST",
    "document",
    "page",
    ">",
    "\n",
    " ",
    "x",
    "\u200b",
    "/",
)
_TAGS = st.sampled_from((*_SHAPES, *_BITS))
_HOSTILE = st.lists(_TAGS, max_size=14).map("".join)
_TAG = re.compile(r"<[\s/\u200b]*(?:digest|document|page)\b", re.IGNORECASE)


@given(text=_HOSTILE, name=_HOSTILE)
def test_nothing_in_a_digest_closes_or_opens_a_block(text: str, name: str) -> None:
    block = wording.block(2, name, 7, [1, 2, 3, 7], text)

    head, _, rest = block.partition("\n")
    assert head.startswith('<digest of="D2" name="')
    assert head.endswith('" pages="7" read="1-3, 7">')
    assert _TAG.findall(rest) == ["</digest"]
    assert rest.endswith("\n</digest>\n")


@given(text=_HOSTILE)
def test_nothing_on_a_page_passes_for_a_digest(text: str) -> None:
    document = Document.from_pages([f"Quill {text} Quill", "Marrow pays the rent of Quill."])
    keeping.keep(document, "kimi-k3", keeping.Piece((1, 2), "- Quill [D1 p. 1]", 1.0, None, "USD"))

    plan = Client("kimi-k3", home=None).plan("Who is Quill?", [document], strategy="digest")

    said = plan.requests[0].messages[1]["content"]
    assert len(re.findall(r"<[\s/\u200b]*digest\b", said, re.IGNORECASE)) == 2
    assert said.index("</digest>") < said.index("<document id=")


def test_the_rules_of_the_other_ways_stay_as_they_are(outlines: KimiServer) -> None:
    client, document = client_at(outlines), fresh()
    client.digest([document])

    full, digest = (
        client.plan(QUESTION, [document], strategy=way).requests[0].messages
        for way in ("full", "digest")
    )

    assert "digest" not in full[0]["content"]
    assert digest[0]["content"].startswith(full[0]["content"])


# Refused before anything is sent ------------------------------------------------------------------


def _refused(error: type[Exception], match: str, **options: Any) -> None:
    with pytest.raises(error, match=match):
        Client("kimi-k3").plan(QUESTION, [lease()], strategy="digest", **options)


def test_pages_and_pictures_are_not_for_a_digest(tmp_path: Path) -> None:
    _refused(BadRequestError, "whole documents, and pages were chosen", pages="1")
    _refused(NoPicturesError, "text alone", pictures="scanned")


def test_the_embedded_endpoint_makes_none() -> None:
    with pytest.raises(BadRequestError, match="no model that could make a digest"):
        Client().plan_digest([lease()])


def test_a_cap_is_named_with_what_it_forbids(outlines: KimiServer) -> None:
    with pytest.raises(OverCapError, match="the call that makes the digest"):
        client_at(outlines).plan_digest([fresh()], max_cost="0.05")

    assert outlines.chats == []


def test_a_page_larger_than_a_prompt_and_a_document_without_text_are_refused() -> None:
    long = Document.from_pages(["word " * 9_000])

    with pytest.raises(ContextWindowError, match="alone has"):
        Client("kimi-k3").plan_digest([long], max_prompt_tokens=6_000)
    with pytest.raises(NoTextError):
        Client("kimi-k3").plan_digest([Document.from_pages(["", " "])])


def test_a_pdf_goes_the_same_way(outlines: KimiServer, tmp_path: Path) -> None:
    file = tmp_path / "lease.pdf"
    file.write_bytes(pdfs.make_pdf([page.text[:90] for page in report(3).pages]))

    digest = client_at(outlines).digest(file)

    assert digest.documents == ("lease.pdf",)
    assert digest.coverage.sent == 3


def test_limits_are_lowered_where_a_cap_leaves_less() -> None:
    def most(plan: Plan) -> int:
        return plan.requests[0].max_completion_tokens

    document = fresh(40)
    client = Client("kimi-k3")

    assert most(client.plan_digest([document])) == 16_384
    assert most(client.plan_digest([document], max_cost="0.2")) == 8_192


def test_an_overload_is_tried_again_and_paid_once(outlines: KimiServer) -> None:
    outlines.fault(Fault.OVERLOADED)
    client = client_at(outlines)

    client.digest([fresh(40)])

    assert spent(client) == outlines.billed


# In a conversation, and awaited -------------------------------------------------------------------


def test_in_a_conversation_the_prompt_only_grows_behind_the_digest(outlines: KimiServer) -> None:
    client, document = client_at(outlines), fresh()
    client.digest([document])
    talk = client.conversation([document])
    talk.ask("Summarise it.", strategy="digest")

    plan = talk.plan("And the rent of Quill?", strategy="digest")
    answer = client.run(plan)

    first, second = (body["messages"] for body in outlines.chats[1:])
    assert second[: len(first)] == first
    assert '<digest of="D1" name=' not in second[-1]["content"]
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == plan.estimate.prompt_tokens
    assert answer.usage.cached_tokens == plan.estimate.cached_tokens > 0


async def _awaited(server: KimiServer, document: Document) -> tuple[Plan, Digest, Digest | None]:
    named: dict[str, Any] = {"base_url": server.base_url, "api_key": server.key}
    async with AsyncClient("kimi-k3", **named) as client:
        plan = await client.plan_digest([document])
        made = await client.digest([document])
        return plan, made, await client.kept_digest([document])


def test_the_asynchronous_client_has_the_same_names(outlines: KimiServer) -> None:
    plan, made, kept = asyncio.run(_awaited(outlines, fresh(40)))

    assert len(plan.requests) == 1
    assert made == kept
    assert made.cost.amount == outlines.billed
