"""Every string of the page goes through `_`, so that a second language can take its place.

A language is a folder: `locale/<language>/LC_MESSAGES/kimiqa.mo`, in the home folder or in the
package's `data`. Which one is shown is what KIMIQA_LANGUAGE names, else the browser's own.
"""

from __future__ import annotations

import gettext
import os
from functools import cache
from pathlib import Path

from streamlit.runtime.scriptrunner import get_script_run_ctx

from kimiqa.saying import Said, as_said
from kimiqa.settings import home_folder

SHIPPED = Path(__file__).resolve().parent.parent / "data"


@cache
def _catalogue(language: str, _home: str | None) -> gettext.NullTranslations:
    """The catalogue of a language; without one the words stay as they are written."""
    wanted = [language.replace("-", "_")] if language else None  # None: as the system is set
    for folder in (home_folder(), SHIPPED):
        found = gettext.translation("kimiqa", folder / "locale", wanted, fallback=True)
        if isinstance(found, gettext.GNUTranslations):
            return found
    return gettext.NullTranslations()


def _language() -> str:
    context = get_script_run_ctx(suppress_warning=True)
    of_browser = context.context_info.locale if context and context.context_info else ""
    return os.environ.get("KIMIQA_LANGUAGE", "").strip() or of_browser or ""


def _words() -> gettext.NullTranslations:
    # By the variable alone: looking for the folder itself would take too long for each word.
    return _catalogue(_language(), os.environ.get("KIMIQA_HOME"))


def _(text: str) -> str:
    """`text` in the reader's language, where there is a catalogue for it."""
    return _words().gettext(text)


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun.

    >>> counted(1, "page", "pages"), counted(1_200, "page", "pages")
    ('1 page', '1,200 pages')
    """
    return f"{number:,} {_words().ngettext(one, many, number)}"


def plural(number: int, one: str, many: str, **values: object) -> str:
    """A sentence with a `{number}`, in the form that agrees with it.

    >>> plural(1_200, "{done} of {number:,} page", "{done} of {number:,} pages", done=3)
    '3 of 1,200 pages'
    """
    return _words().ngettext(one, many, number).format(number=number, **values)


def told(text: str) -> str:
    """What the library said, in the reader's language; other text as it is.

    >>> told("anything else")
    'anything else'
    """
    return _in(_words(), text) if isinstance(text, Said) and text else text


def recalled(text: str) -> str:
    """What the library said once and was kept as text: told where nothing stood in it, for then
    its words are its template; else as it was kept."""
    return told(as_said(text))


def _in(words: gettext.NullTranslations, said: Said) -> str:
    template = (
        words.ngettext(said.template, said.many, said.number)
        if said.many
        else words.gettext(said.template)
    )
    if not said.values:
        return template
    held = {
        n: _in(words, each) if isinstance(each, Said) else each for n, each in said.values.items()
    }
    try:
        return template.format(**held)
    except (LookupError, ValueError, AttributeError):  # a translation with a slip in it
        return str(said)
