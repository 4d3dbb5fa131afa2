"""The chunks that match a question come first, and as many are chosen as fit."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimiqa.document import Document
from kimiqa.plan import Chunk
from kimiqa.ranking import Index, accounts, choose, choose_chunks, indexing
from kimiqa.ranking.ahead import Ahead
from kimiqa.ranking.company import LARGEST
from kimiqa.ranking.indexing import DocumentIndex, Kept, index_of, index_pages
from kimiqa.ranking.named import named_places
from kimiqa.ranking.naming import MOST_NAMED, headings_named, pages_named
from kimiqa.ranking.ordering import best_first
from kimiqa.tokens import count_tokens, counter_for
from kimiqa.words import asks_for_figures, weighted_words, words

COUNTER = counter_for("kimi_k3")
FILLER = "The parties have read the schedule and agree to keep good order in all things. " * 12


def lease() -> Document:
    pages = [FILLER] * 9
    pages[3] += "Either party may terminate this lease on six months' notice."
    pages[6] += "The deposit amounts to 1,234,500 dollars."
    return Document.from_pages(pages, name="lease")


def index(*documents: Document) -> Index:
    return Index.build(list(enumerate(documents, 1)), COUNTER)


def best(question: str, *documents: Document) -> Chunk:
    return next(iter(index(*documents).rank(question)))


# Words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("terminated", "terminating"),
        ("1,234,500", "1234500"),
        ("café", "CAFE"),
        ("ﬁnance", "finance"),
        ("１２３", "123"),
        ("termi\u00adnation", "termination"),
        ("lessee's", "lessee"),
    ],
    ids=["stem", "thousands", "accents", "ligature", "full width", "soft hyphen", "possessive"],
)
def test_words_that_mean_the_same_are_compared_as_one(one: str, other: str) -> None:
    assert words(one) == words(other) != []


def test_a_hyphen_at_a_line_s_end_may_be_the_word_s_own_or_the_line_s() -> None:
    found = words("a forward-\nlooking termi-\nnation")

    assert {*words("forward-looking"), *words("termination")} <= {*found}


def test_han_is_compared_by_pairs() -> None:
    assert words("合同终止") == ["合同", "同终", "终止"]


def test_words_in_quotation_marks_weigh_more() -> None:
    weights = weighted_words("Which clause is about “renewal”, and which about rent?")

    assert weights["renew"] > weights["rent"]


@pytest.mark.parametrize("question", ["How much was paid?", "年增长率是多少？", "Was it 5%?"])
def test_questions_for_figures_are_known(question: str) -> None:
    assert asks_for_figures(question)


# Ranking -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("Who may terminate?", 4),
        ("On what notice does termination take effect?", 4),
        ("How large is the deposit?", 7),
        ("Where do 1234500 dollars occur?", 7),
    ],
)
def test_the_chunk_with_the_questions_words_comes_first(question: str, page: int) -> None:
    assert best(question, lease()).page == page


def test_a_chinese_question_finds_its_clause() -> None:
    pages = ["本页没有相关内容，只说明双方的地址。" * 20] * 5
    pages[2] += "任何一方可以提前六个月书面通知终止合同。"

    assert "终止合同" in best("谁可以终止合同？", Document.from_pages(pages)).text


def test_figures_come_before_talk_about_them_where_figures_are_asked_for() -> None:
    talk = "Revenue is a measure of what was sold; revenue growth is discussed with care. "
    table = "Revenue 2019 2020 2021\nRevenue 1,204 1,311 1,417\nServices 404 411 417"
    document = Document.from_pages([talk, FILLER, table])

    assert best("How much was revenue in the year?", document).page == 3
    assert best("Why is revenue discussed?", document).page == 1


def test_the_text_around_a_chunk_speaks_for_it() -> None:
    row = "Balance at the end of the period stood unchanged and was carried forward as before. " * 6
    document = Document.from_pages(
        [f"{FILLER}\n\n{row}", f"Deferred pension obligations. {FILLER[:200]}\n\n{row}"]
    )

    ranked = list(index(document).rank("What is the balance of pension obligations?"))

    balances = [chunk for chunk in ranked if "Balance" in chunk.text]
    assert balances[0].page == 2


def test_a_section_that_goes_on_over_the_page_speaks_for_its_chunks() -> None:
    balance = "The balance stood unchanged and was carried forward as before."
    heading = "Pension obligations of the firm and of those it took over."
    fillers = [FILLER[:160]] * 3
    document = Document.from_pages([balance, *fillers * 4, heading, *fillers, balance])

    ranked = list(index(document).rank("What is the balance of pension obligations?"))

    assert [chunk.page for chunk in ranked if chunk.text == balance] == [18, 1]


@pytest.mark.parametrize(
    "meaning",
    [
        "Whoever keeps the yard in good order for the parties is the “Warden” here.",
        "The Yard Keeper (Warden) of the parties keeps it in good order.",
        "In this schedule a Warden is the keeper of the yard and of its good order.",
        "The keeper of the yard, in good order, of these parties is known as warden there.",
    ],
    ids=["in quotation marks", "in brackets", "X is the", "known as X"],
)
def test_a_chunk_that_introduces_a_word_comes_before_those_that_use_it(meaning: str) -> None:
    use = "The warden signs here, and the parties do so too."
    document = Document.from_pages([use, *[FILLER] * 4, meaning])

    assert best("Who is the warden?", document).text == meaning


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("Does carageenan help?", "Carrageenan was given twice a day."),
        ("What may a counterparty do?", "Both counterparts were signed in ink."),
        ("Which hypotheses are tested?", "The hypothetical dose is small."),
        ("Is monotherapy enough?", "A mono therapy was tried first."),
    ],
    ids=["misspelt", "another ending", "another form", "a compound"],
)
def test_a_word_the_documents_lack_is_looked_for_by_its_relatives(asked: str, written: str) -> None:
    pages = [FILLER] * 3 + [written] + [FILLER] * 3

    assert best(asked, Document.from_pages(pages)).page == 4
    assert index(Document.from_pages(pages)).weights(asked)


@pytest.mark.parametrize("question", ["Who is the lawyer?", "Is there a thornbush?"])
def test_words_that_only_resemble_are_no_relatives(question: str) -> None:
    document = Document.from_pages(["Under a layer of thorium lies sand.", FILLER])

    assert not index(document).rank(question).matched


def test_a_word_that_stands_in_any_document_has_no_relatives() -> None:
    misspelt = Document.from_pages(["A carageenan is a typing error."])
    right = Document.from_pages(["Carrageenan was given twice a day."])

    scores = index(misspelt, right).scores("carageenan")

    assert [score > 0 for score in scores] == [True, False]


def test_what_shares_the_company_of_the_question_s_words_comes_before_what_shares_nothing() -> None:
    plain, names = FILLER[:160], "A dry holt under alder roots, above the weir."
    document = Document.from_pages(
        [*[plain] * 9, names, *[plain] * 9, f"The otter keeps {names}", *[plain] * 9]
    )

    pages = [chunk.page for chunk in index(document).rank("Where does the otter live?")]

    assert pages[0] == 20
    assert pages.index(10) < pages.index(1)


@pytest.mark.parametrize(("chunks", "asked"), [(LARGEST, True), (LARGEST + 1, False)])
def test_in_a_long_document_no_company_is_asked_for(chunks: int, asked: bool) -> None:
    plain, names = FILLER[:79], "A dry holt under alder roots, above the weir."
    pages = [plain, names, plain, f"The otter keeps {names}"]
    held = index(Document.from_pages([*pages, *[plain] * (chunks - len(pages))]))

    scores = held.scores("Where does the otter live?")

    assert len(held) == chunks
    assert scores[3] > 0
    assert (scores[-1] > 0, scores[1] > scores[4]) == (False, asked)


ROWS = "{} 2023 1,204 2022 1,190 2021 1,077 2020 1,010 2019 998 2018 960 2017 900 2016 870"
NAMES = ("Sales", "Lease costs", "Wages", "Freight", "Fees", "Tax", "Interest", "Other")


def test_a_table_that_was_cut_comes_whole_where_figures_are_asked_for() -> None:
    table = "\n".join(ROWS.format(name) for name in NAMES)
    stock = "\n".join([ROWS.format("Stock")] * 8)
    held = index(Document.from_pages([stock, stock, table, stock]))

    best = list(held.rank("How much was the freight?"))

    assert held.tables == 1
    assert ["Freight" in best[0].text, *(chunk.page for chunk in best[:3])] == [True, 3, 3, 3]


def test_a_table_in_prose_comes_whole_too() -> None:
    table = "\n".join(ROWS.format(name) for name in NAMES)
    said = "The freight of that year was as high as 1,204 crowns, so that freight was dear. " * 4
    held = index(Document.from_pages([table, *[said] * 3, *[FILLER] * 120]))

    first = list(held.rank("How much was the freight?"))[:3]

    assert held.tables == 0
    assert [chunk.page for chunk in first] == [1, 1, 1]


# Places that are named ---------------------------------------------------------------------------

NAMED_PLACES = {
    "What does page 14 say about wages?": 14,
    "What do slides 14 and 17 say about wages?": 14,
    "How are wages told in Table 2?": 16,
    "Which of them are in figure 3?": 18,
    "What follows from Fig. 3?": 18,
    "Is there anything about wages in Sections 9.1 or 3.4?": 20,
    "And chapter 5?": 22,
    "What does article IV say?": 24,
    "第14页写了什么?": 14,
    "第十二条写了什么?": 26,
}


def scattered() -> Document:
    """Wages are spoken of on each page, and each place that is named has another page."""
    pages = [
        f"{FILLER}Wages are told of in 3.4, 5, Table 2, figure 3, 第十二条 and article IV."
    ] * 40
    pages[15] = f"Table 2: what was paid\n{FILLER[:200]}"
    pages[17] = f"{FILLER[:200]}\nFig. 3. An outline"
    pages[19] = f"3.4 Results\n{FILLER[:200]}"
    pages[21] = f"5. Closing words\n{FILLER[:200]}"
    pages[23] = f"ARTICLE IV\n{FILLER[:200]}"
    pages[25] = f"第十二条 双方\n{FILLER[:200]}"
    return Document.from_pages(pages)


@pytest.mark.parametrize(("question", "page"), NAMED_PLACES.items(), ids=NAMED_PLACES)
def test_a_place_that_the_question_names_comes_first(question: str, page: int) -> None:
    first = list(index(scattered()).rank(question))[:4]

    assert page in {chunk.page for chunk in first}


def test_what_a_named_heading_stands_over_comes_with_it_up_to_the_next_heading() -> None:
    pages = [text for n in range(1, 20) for text in (f"{n}.1 Part {'x' * n}\n{FILLER}", FILLER * 3)]
    held = index(Document.from_pages(pages))
    section = [chunk for chunk in held.rank("?") if chunk.page in (13, 14)]

    first = list(held.rank("What does section 7.1 say?"))[: len(section)]

    assert len(section) > 7
    assert {chunk.page for chunk in first} == {13, 14}
    assert first[0].start == 0


def test_of_a_page_whose_table_is_named_all_chunks_come_before_others() -> None:
    pages = [f"{FILLER * 4}\nTable {n}: what was paid\n{FILLER * 4}" for n in range(1, 9)]
    held = index(Document.from_pages(pages))
    page = [chunk for chunk in held.rank("?") if chunk.page == 5]

    first = list(held.rank("What does Table 5 say?"))[: len(page)]

    assert len(page) > 13
    assert {chunk.page for chunk in first} == {5}
    assert any(chunk.text.startswith("Table 5") for chunk in first[:2])


@pytest.mark.parametrize(
    "question",
    ["Which article should I read?", "What do the tables say?", "Page through it.", "What is 3.4?"],
)
def test_what_names_no_place_is_looked_for_by_its_words(question: str) -> None:
    assert pages_named(question) == set()
    assert named_places(index(scattered()), question) is None


def test_a_number_that_no_page_can_have_names_none() -> None:
    question = f"What is on page {'1' * 5_000}, or 第{'2' * 5_000}页?"

    assert pages_named(question) == set()
    assert choose_chunks(question, [lease()])


def test_a_place_is_looked_for_once_however_often_it_is_named() -> None:
    often = "section 3.4" + ", 3.4" * 1_000 + " and clause 2.1" + ", 表2" * 1_000
    many = "section 1" + "".join(f", 1.{n}" for n in range(1_000))

    assert len(headings_named(often)) == 3
    assert len(headings_named(many)) == MOST_NAMED
    assert headings_named("section " + "1." * 100_000) == []


def test_a_question_with_nothing_but_a_place_has_found_something() -> None:
    ranking = index(scattered()).rank("What is on page 14?")

    assert ranking.matched
    assert not index(scattered()).rank("What is on page 99?").matched


def test_prose_is_no_table() -> None:
    assert index(lease()).tables == 0


def test_a_question_without_a_word_of_the_documents_says_so_and_keeps_their_order() -> None:
    ranking = index(lease()).rank("xyzzy plugh?")

    assert not ranking.matched
    assert [chunk.page for chunk in ranking] == sorted(chunk.page for chunk in ranking)


def test_a_question_of_stop_words_matches_nothing() -> None:
    assert not index(lease()).rank("What is it about?").matched


@given(st.lists(st.floats(0, 9, width=32) | st.sampled_from([0.0, 1.0])))
def test_the_best_scores_come_first_and_equals_in_their_order(values: list[float]) -> None:
    scores = np.array(values, np.float32)

    assert best_first(scores).tolist() == np.argsort(-scores, kind="stable").tolist()


def test_every_chunk_is_ranked_once() -> None:
    built = index(lease(), Document.from_pages(["Notice of termination.", ""]))

    ranking = built.rank("Who may terminate?")

    assert ranking.matched
    assert len(ranking) == len(built) == len(set(ranking))


@pytest.mark.parametrize("texts", [[], [""], [" \n"], ["the"], ["one"]], ids=repr)
def test_small_documents_rank_without_complaint(texts: list[str]) -> None:
    found = choose(index(Document.from_pages(texts)), "Which one?", 100)

    assert len(found) == len([text for text in texts if text.strip()])


def test_a_chunk_names_the_document_by_its_place_and_its_id() -> None:
    first, second = Document.from_pages([FILLER]), lease()

    chunk = best("Who may terminate?", first, second)

    assert (chunk.document, chunk.document_id, chunk.page) == ("D2", second.id, 4)


def test_neighbours_in_another_document_do_not_count() -> None:
    about = Document.from_pages(["Termination. " * 5])
    plain = Document.from_pages(["Good order is kept in all things."])

    scores = index(about, plain).scores("termination")

    assert scores[0] > 0
    assert scores[1] == 0


# Accounts ----------------------------------------------------------------------------------------


SHEET = "\n".join(
    f"{caption} 1,204 1,190 1,077 1,010"
    for caption in ("Purchases of property, plant and equipment", "Dividends", "Net sales")
)


@pytest.mark.parametrize(
    "question",
    ["How high was the capital expenditure?", "How much CapEx was there?", "How large is PP&E?"],
)
def test_accounts_are_found_by_the_names_they_do_not_use(question: str) -> None:
    stock = "\n".join([ROWS.format("Stock")] * 8)
    document = Document.from_pages([stock, stock, stock, stock, SHEET, stock])

    assert best(question, document).page == 5


def test_prose_is_not_looked_through_for_the_words_of_accounts() -> None:
    document = Document.from_pages([FILLER, "The property, a steel plant, has new equipment."])

    assert not index(document).rank("How high was the capex?").matched


def test_every_name_of_accounts_has_words_of_its_own_a_source_and_a_date() -> None:
    assert all(term.asked and term.written and term.source for term in accounts.terms())
    assert all(term.checked.year >= 2026 for term in accounts.terms())


def test_every_source_of_accounts_can_be_opened_and_no_name_stands_twice() -> None:
    sources = {term.source for term in accounts.terms()}
    names = [name for term in accounts.terms() for name in term.asked]

    assert all("https://" in source for source in sources)
    assert len(names) == len(set(names))


def test_of_accounts_only_what_its_source_says_is_looked_for() -> None:
    """Operating income is no part of EBIT for the SEC: "earnings" are the net income."""
    assert "oper" not in accounts.written("What is the EBITDA?")


# Choosing ----------------------------------------------------------------------------------------


@given(st.integers(0, 3_000), st.sampled_from(["Who may terminate?", "deposit", "xyzzy"]))
def test_chosen_chunks_fit_whole_and_stand_in_document_order(budget: int, question: str) -> None:
    built = index(lease(), Document.from_pages([FILLER, "Deposit."]))

    chosen = choose(built, question, budget)

    places = [(chunk.document, chunk.page, chunk.start) for chunk in chosen]
    assert places == sorted(set(places))
    assert sum(chunk.tokens for chunk in chosen) <= budget
    left = budget - sum(chunk.tokens for chunk in chosen)
    others = {chunk.tokens for chunk in built.rank(question) if chunk not in chosen}
    assert all(tokens > left for tokens in others)


def test_the_best_chunk_is_chosen_first() -> None:
    built = index(lease())
    first = next(iter(built.rank("Who may terminate?")))

    assert choose(built, "Who may terminate?", first.tokens) == (first,)


def test_choosing_twice_gives_the_same() -> None:
    assert choose_chunks("deposit?", [lease()]) == choose_chunks("deposit?", [lease()])


def test_choose_chunks_counts_as_the_model_does() -> None:
    chosen = choose_chunks("deposit?", [lease()], max_tokens=300, model="gpt-4o")

    assert 0 < sum(count_tokens(chunk.text, "gpt-4o") for chunk in chosen) <= 300


# One index per document --------------------------------------------------------------------------


def test_a_document_is_indexed_once() -> None:
    assert index_of(lease(), COUNTER) is index_of(lease(), COUNTER)
    assert index_of(lease(), COUNTER, 50) is not index_of(lease(), COUNTER)


def test_the_indexes_used_last_are_kept_within_their_room() -> None:
    kept = Kept(most_chunks=2)
    keys = [(name, 0, "", "", 0) for name in "abc"]
    for key in keys[:2]:
        kept.keep(key, index_pages(["One chunk."], COUNTER))
    kept.find(keys[0])

    kept.keep(keys[2], index_pages(["Another."], COUNTER))

    assert [kept.find(key) is not None for key in keys] == [True, False, True]


# An index that is made while its document is read ------------------------------------------------


def whole(index: DocumentIndex) -> list[object]:
    """All that an index holds, in its order and to the last byte."""
    parts = (index.held, index.introduced)
    arrays = [index.page, index.start, index.end, index.tokens, index.lengths, index.figures]
    arrays += [each for part in parts for each in (part.firsts, part.chunks, part.frequencies)]
    told = [(each.dtype, each.tobytes()) for each in arrays]
    return [*told, index.duties, list(index.numbers.items()), index.words]


def fresh(name: str) -> Document:
    """A document that no other test has indexed: all its pages differ, and one has no word."""
    texts = [f'{FILLER} Page {n} of {name} (the "Part {n}") shall cost {n}.' for n in range(9)]
    return Document.from_pages([*texts, "", "The last page."], name=name)


@pytest.mark.parametrize(
    "order",
    [range(11), range(10, -1, -1), [0, 5, 10, 1, 2, 3, 4, 6, 7, 8, 9]],
    ids=["forwards", "backwards", "a sample first"],
)
def test_an_index_made_ahead_is_the_same_to_the_last_byte(
    order: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = fresh(f"in order {list(order)}")
    expected = whole(index_pages([page.text for page in document.pages], COUNTER))
    ahead = Ahead(COUNTER)
    for place in order:
        ahead.take([document.pages[place]])
    ahead.keep(document)

    monkeypatch.delattr(indexing, "index_pages")  # it is there already

    assert whole(index_of(document, COUNTER)) == expected


def test_a_page_that_was_read_again_has_the_index_made_anew() -> None:
    document = fresh("second opinion")
    ahead = Ahead(COUNTER)
    ahead.take(replace(page, text="") if page.number == 4 else page for page in document.pages)
    ahead.take([document.pages[3]])

    ahead.keep(document)

    expected = index_pages([page.text for page in document.pages], COUNTER)
    assert whole(index_of(document, COUNTER)) == whole(expected)


def test_a_document_that_is_not_wholly_there_is_not_kept_as_if_it_were() -> None:
    document = fresh("cut short")
    ahead = Ahead(COUNTER)
    ahead.take(document.pages[:5])

    ahead.keep(document)

    assert index_of(document, COUNTER).page[-1] == 10


# Real documents ----------------------------------------------------------------------------------


def test_choosing_among_a_million_tokens_is_quick(data: Path) -> None:
    built = index(*_real(data, 1_000_000))
    questions = ["What was the total revenue in 2019?", "Who may terminate the agreement?"] * 3
    choose(built, questions[0], 4_000)

    times = sorted(_seconds(built, question) for question in questions)

    assert times[len(times) // 2] < 0.05


def test_literal_needles_at_all_depths_are_chosen(data: Path) -> None:
    texts = [page.text for document in _real(data, 128_000) for page in document.pages]
    depths = [int(share * (len(texts) - 1) / 10) for share in range(11)]
    for number, place in enumerate(depths):
        texts[place] += f"\nThe quagga number {number} sleeps under bridge {number * 7919}."
    document = Document.from_pages(texts)

    chosen = choose_chunks("Under which bridges does every quagga sleep?", [document], 4_000)

    found = "".join(chunk.text for chunk in chosen)
    assert all(f"quagga number {number} " in found for number in range(len(depths)))


def _real(data: Path, tokens: int) -> list[Document]:
    documents = []
    with gzip.open(data / "qa" / "docs.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            documents.append(Document.from_pages(row["pages"], name=row["doc_id"]))
            tokens -= row["n_tokens"]
            if tokens <= 0:
                break
    return documents


def _seconds(built: Index, question: str) -> float:
    started = time.perf_counter()
    choose(built, question, 4_000)
    return time.perf_counter() - started
