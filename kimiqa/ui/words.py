"""Every string of the page goes through `_`, so that a second language can take its place.

A language is a folder: `locale/<language>/LC_MESSAGES/kimiqa.mo`, in the home folder or in the
package's `data`. Which one is shown is what KIMIQA_LANGUAGE names, else the browser's own. A
translation that could not be filled in leaves its sentence as it is written.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache, wraps
from pathlib import Path
from string import Formatter
from typing import ParamSpec, TypeVar

from streamlit.runtime.scriptrunner import get_script_run_ctx

from kimiqa.saying import Said, as_said
from kimiqa.settings import home_folder

SHIPPED = Path(__file__).resolve().parent.parent / "data"
P = ParamSpec("P")
T = TypeVar("T")

_chosen: ContextVar[str | None] = ContextVar("language", default=None)
"""The language of the page that something is made for, where no page is being drawn."""


@cache
def _catalogue(language: str, _home: str | None) -> gettext.NullTranslations:
    """The catalogue of a language; without one the words stay as they are written."""
    wanted = [language.replace("-", "_")] if language else None  # None: as the system is set
    for folder in (home_folder(), SHIPPED):
        found = gettext.translation("kimiqa", folder / "locale", wanted, fallback=True)
        if isinstance(found, gettext.GNUTranslations):
            return found
    return gettext.NullTranslations()


def language() -> str:
    """What the reader's language is called; empty where it is not known."""
    if (chosen := _chosen.get()) is not None:
        return chosen
    context = get_script_run_ctx(suppress_warning=True)
    of_browser = context.context_info.locale if context and context.context_info else ""
    return os.environ.get("KIMIQA_LANGUAGE", "").strip() or of_browser or ""


def spoken() -> str:
    """The language in which the page speaks in the end, as a web page names it."""
    words = _words()
    if not isinstance(words, gettext.GNUTranslations):
        return "en"
    return (language() or words.info().get("language", "")).replace("_", "-")


def in_this_language(make: Callable[P, T]) -> Callable[P, T]:
    """`make`, which speaks this page's language wherever it is called: a file is made when it is
    asked for, and by then no page says who asks."""
    here = language()

    @wraps(make)
    def made(*arguments: P.args, **named: P.kwargs) -> T:
        before = _chosen.set(here)
        try:
            return make(*arguments, **named)
        finally:
            _chosen.reset(before)

    return made


def _words() -> gettext.NullTranslations:
    # By the variable alone: looking for the folder itself would take too long for each word.
    return _catalogue(language(), os.environ.get("KIMIQA_HOME"))


def _(text: str) -> str:
    """`text` in the reader's language, where there is a catalogue for it."""
    return _one(_words(), text)


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun.

    >>> counted(1, "page", "pages"), counted(1_200, "page", "pages")
    ('1 page', '1,200 pages')
    """
    return f"{number:,} {_several(_words(), one, many, number)}"


def plural(number: int, one: str, many: str, **values: object) -> str:
    """A sentence with a `{number}`, in the form that agrees with it.

    >>> plural(1_200, "{done} of {number:,} page", "{done} of {number:,} pages", done=3)
    '3 of 1,200 pages'
    """
    return _several(_words(), one, many, number).format(number=number, **values)


def told(text: str, trimmed: Callable[[str], str] = str) -> str:
    """What the library said, in the reader's language, its own words `trimmed` and nothing that
    stands in them; other text as it is.

    >>> told("anything else")
    'anything else'
    """
    return _in(_words(), text, trimmed) if isinstance(text, Said) else text


def recalled(text: str) -> str:
    """What the library said once and was kept as text: told where nothing stood in it, for then
    its words are its template; else as it was kept."""
    return told(as_said(text))


def _in(words: gettext.NullTranslations, said: Said, trimmed: Callable[[str], str]) -> str:
    if not said:  # of nothing a catalogue tells about itself
        return ""
    template = trimmed(
        _several(words, said.template, said.many, said.number)
        if said.many
        else _one(words, said.template)
    )
    if not said.values:
        return template
    held = {
        name: _in(words, each, trimmed) if isinstance(each, Said) else each
        for name, each in said.values.items()
    }
    try:
        return template.format(**held)
    except (LookupError, ValueError, AttributeError):  # kept by a version that wrote it otherwise
        return str(said)


# Translations that can be filled in ---------------------------------------------------------------


def _one(words: gettext.NullTranslations, text: str) -> str:
    found = words.gettext(text)
    return found if _fits(found, text) else text


def _several(words: gettext.NullTranslations, one: str, many: str, number: int) -> str:
    found = words.ngettext(one, many, number)
    return found if _fits(found, one, many) else (one if number == 1 else many)


def _fits(found: str, *written: str) -> bool:
    """Whether a translation has no place but those of what was written."""
    return found in written or _has_no_other(found, written)


@cache
def _has_no_other(found: str, written: tuple[str, ...]) -> bool:
    try:
        known = {place for text in written for place in _places(text)}
        known |= {(name, "", None) for name, _form, _conversion in known}
        return _places(found) <= known
    except ValueError:  # a brace that is not closed
        return False


def _places(text: str) -> set[tuple[str, str, str | None]]:
    """The places of a template: what stands in each, and in which form."""
    return {
        (name, form or "", conversion)
        for _before, name, form, conversion in Formatter().parse(text)
        if name is not None
    }
