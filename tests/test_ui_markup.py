"""No text of others is Markdown on the page: document text, model text, names, errors, money."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from markup_rule import UI, Rule


def test_the_page_shows_nothing_as_markdown_that_nobody_escaped() -> None:
    assert list(Rule.over().found()) == []


def _found(folder: Path, code: str) -> list[str]:
    """What the rule finds in a page whose first function shows `code`."""
    ast.parse(code)
    (folder / "page.py").write_text(code, encoding="utf-8")
    return list(Rule.over(folder).found())


@pytest.mark.parametrize(
    "code",
    [
        "st.caption(document.name)",
        'st.markdown(f"**{turn.question}**")',
        "st.button(_('Open'), help=each.name)",
        "row.caption(money(cost, currency))",
        "st.metric(_('Spent'), money(cost, currency))",
        "st.error(str(error))",
        "st.caption(_(error.message))",
        "st.expander(' · '.join(names))",
        "st.progress(0.5, text=job.title)",
        "st.caption(_('About {name}').format(name=document.name))",
        "st.radio('Which', ways, format_func=lambda each: each.name)",
        "words = escape(a)\nif long:\n    words = a\nst.caption(words)",
        "def show(label: str):\n    st.caption(label)\nshow(document.name)",
        "def said(a):\n    return a.name if a else ''\nst.caption(said(document))",
        "for each in documents:\n    st.caption(each)",
    ],
)
def test_the_rule_finds(code: str, tmp_path: Path) -> None:
    assert len(_found(tmp_path, code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "st.caption('Nothing yet.')",
        "st.caption(_('Nothing yet.'))",
        "st.markdown(f'**{escape(turn.question)}** {len(turns)} {cost:,}')",
        "st.caption(' · '.join(escape(each) for each in names))",
        "st.caption(counted(n, 'page', 'pages'))",
        "def show(label: str):\n    st.caption(label)\nshow(_('Pages'))\ncalm(show)(_('Cap'))",
        "def said(a):\n    return escape(a.name) if a else ''\nst.caption(said(document))",
        "for label, sum in ((_('Today'), 1), (_('Month'), 2)):\n    st.caption(label)",
    ],
)
def test_the_rule_lets_pass(code: str, tmp_path: Path) -> None:
    assert _found(tmp_path, code) == []


def test_nothing_is_laid_over_the_page_where_no_key_would_reach_it() -> None:
    """Streamlit draws popovers and menus at the end of the page: Tab passes them by."""
    for path in sorted(UI.glob("*.py")):
        code = path.read_text(encoding="utf-8")
        assert "popover(" not in code, path.name
        assert "menu_button(" not in code, path.name
