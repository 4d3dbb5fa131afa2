"""Answers taken along: footnotes name document and page, doubt is said, nothing runs or loads."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from kimiqa.client import Client
from kimiqa.document import Document
from kimiqa.exporting import Sheet, sheet_of, to_html, to_markdown
from kimiqa.hindsight import Hindsight, Past, hindsight, in_words, looking_back
from kimiqa.plan import Citation
from kimiqa.planner import Question
from kimiqa.testing import KimiServer

PAGES = ["The rent is 3,850 euros a month.", "Either party may terminate on six months' notice."]
TEXT = 'The rent is "3,850 euros" [D1 p. 1]. It rises [D1 p. 2].'
MARKED = (
    Citation("D1", None, 1, 1, "3,850 euros", "verified", *re.search(r"\[D1 p. 1\]", TEXT).span()),  # type: ignore[union-attr]
    Citation("D1", None, 2, None, None, "unverified", *re.search(r"\[D1 p. 2\]", TEXT).span()),  # type: ignore[union-attr]
)
SHEET = Sheet("What is the rent?", TEXT, MARKED, ("lease.pdf",), ("Cost $0.03",))
HOSTILE = """# <script>alert(1)</script>
![a](http://evil.test/a.png) [here](javascript:alert(1)) http://evil.test/b
<img src=http://evil.test/c onerror=alert(1)> $5 and $6

| a | <b>b</b> |
|---|---|
| ![c](//evil.test/d) | **bold** |

```html
</pre><script>alert(1)</script>
```
1. one
2. two"""


def test_markdown_has_a_footnote_for_each_citation() -> None:
    found = to_markdown(SHEET)

    assert '"3,850 euros" [^1]. It rises [^2] **(not verified)**.' in found
    assert "[^1]: lease.pdf, page 1: ✓ verified: these words stand there. “3,850 euros”" in found
    assert "[^2]: lease.pdf, page 2: ? not verified" in found
    assert "Cost \\$0.03" in found


def test_html_has_a_footnote_for_each_citation() -> None:
    found = to_html(SHEET)

    assert '<a href="#note-2">2 ?</a></sup> <span class="doubt">(not verified)</span>' in found
    assert '<li id="note-1">lease.pdf, page 1: ✓ verified' in found


def test_two_places_behind_one_claim_stand_apart() -> None:
    text = "It rises [D1 p. 2; D1 p. 9]."
    span = (9, 27)
    found = (
        Citation("D1", None, 2, None, None, "unverified", *span),
        Citation("D1", None, 9, None, None, "invalid", *span),
    )
    sheet = replace(SHEET, text=text, citations=found)

    assert "[^1] **(not verified)** [^2] **(no such page)**." in to_markdown(sheet)
    assert '(not verified)</span> <sup><a href="#note-2">' in to_html(sheet)


def test_an_export_speaks_the_language_it_is_given() -> None:
    sheet = replace(SHEET, warnings=("It is <old>.",), language="de", tell=str.upper)

    markdown, html = to_markdown(sheet), to_html(sheet)

    assert "[^2] **(NOT VERIFIED)**" in markdown
    assert "> **NOTE:** IT IS \\<OLD\\>." in markdown
    assert "*VERIFIED MEANS THAT" in markdown
    assert '<html lang="de">' in html
    assert '<span class="doubt">(NOT VERIFIED)</span>' in html
    assert "<strong>NOTE:</strong> IT IS &lt;OLD&gt;." in html
    assert "What is the rent?" in markdown  # what was asked and answered stays as it is


def test_footnotes_of_several_answers_are_numbered_through() -> None:
    found = to_markdown(SHEET, SHEET)

    assert re.findall(r"^\[\^(\d+)\]:", found, re.MULTILINE) == ["1", "2", "3", "4"]
    assert 'id="note-4"' in to_html(SHEET, SHEET)


def test_nothing_in_the_html_runs_or_loads() -> None:
    found = to_html(Sheet("<b>Why?</b>", HOSTILE, (), ('"><script>',), ("<i>",), ("<u>",)))

    tags = set(re.findall(r"<([a-z0-9]+)", found.partition("<body>")[2]))
    assert tags <= {"h1", "h2", "p", "strong", "table", "tr", "th", "td", "pre", "code", "ol",
                    "ul", "li", "em"}  # fmt: skip
    assert "javascript:" not in found.replace("<code>javascript:alert(1", "")
    assert "default-src 'none'" in found
    assert "<td><strong>bold</strong></td>" in found


def test_nothing_in_the_markdown_loads_or_links() -> None:
    found = to_markdown(Sheet("Why?", HOSTILE))

    outside = re.sub(r"```.*?```|`[^`]*`", "", found, flags=re.DOTALL)
    assert "](" not in outside
    assert not re.search(r"(?<!\\)<", outside)
    assert "evil.test" not in outside
    assert r"\$5 and \$6" in outside
    assert "**bold**" in outside


@pytest.mark.parametrize("text", ["", "[D1 p. 1]", "```\nopen", "\ue0009\ue001", "**\n*"])
def test_odd_answers_are_exported_all_the_same(text: str) -> None:
    sheet = Sheet("", text, (Citation("D9", None, 1, None, None, "invalid", 0, len(text)),))

    assert "D9, page 1: ✗ invalid" in to_markdown(sheet)
    assert "D9, page 1: ✗ invalid" in to_html(sheet)


def test_an_answer_becomes_a_sheet(server: KimiServer) -> None:
    lease = Document.from_pages(PAGES, name="lease")
    with Client("kimi-k3", api_key=server.key, base_url=server.base_url, home=None) as client:
        answer = client.ask("Who may terminate?", lease, strategy="full")

        sheet = sheet_of(answer)

    assert sheet.documents == ("lease",)
    assert sheet.facts[1] == "2 of 2 pages were read"
    assert sheet.facts[2].startswith("Cost $0.0")


# Hindsight --------------------------------------------------------------------------------------


def test_hindsight_prices_the_way_that_was_not_taken(server: KimiServer) -> None:
    lease = Document.from_pages([*PAGES, *[f"Page {n} is about roses." * 90 for n in range(99)]])
    with Client("kimi-k3", api_key=server.key, base_url=server.base_url, home=None) as client:
        answer = client.ask("Who may terminate on six months' notice?", lease, strategy="full")
        estimate = client.estimate(answer.plan.question, lease, strategy="chunks")  # type: ignore[union-attr]

        found = looking_back(client._asker.setup.planner, answer)

    chunks = found.others[0]
    assert (found.used, found.sent) == (1, 101)
    assert (chunks.strategy, chunks.held) == ("chunks", 1)
    assert chunks.cost.amount < answer.cost.amount  # type: ignore[operator]
    assert chunks.cost.amount > estimate.prompt_tokens * Decimal("0.000003")  # type: ignore[operator]


def test_hindsight_says_when_the_other_way_would_have_missed_a_page(server: KimiServer) -> None:
    roses = Document.from_pages([f"Rose {n} is red and needs water. " * 90 for n in range(200)])
    cited = [Citation("D1", roses.id, n, n, None, "supported") for n in range(1, 200)]
    with Client("kimi-k3", api_key=server.key, base_url=server.base_url, home=None) as client:
        past = Past("full", cited, 200, 400)

        found = hindsight(client._asker.setup.planner, Question("Roses?", (roses,)), past)

    assert found.others[0].held < found.used == 199
    said = in_words(found, {"chunks": "$0.03"})
    assert said.endswith(f", with {found.others[0].held} of them.")


def test_an_answer_without_usage_has_no_other_prices(server: KimiServer) -> None:
    with Client("kimi-k3", api_key=server.key, base_url=server.base_url, home=None) as client:
        past = Past("full", (), 3, None)

        found = hindsight(client._asker.setup.planner, None, past)

    assert found == Hindsight(0, 3)
    assert in_words(found, {}) == "Used 0 of 3 pages."
