"""Keys and base URLs out of Streamlit's secrets, where whoever runs the page put them there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import streamlit as st

from kimiqa.settings import providers

TABLE = "kimiqa"
PAIRS = ("KIMIQA_API_KEY", "KIMIQA_BASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL")


def variables() -> dict[str, str]:
    """The variables that name keys and URLs: those of the process, and those of the secrets,
    by the same names at the top or in a table [kimiqa]. What the process sets itself counts."""
    found = dict(os.environ)
    for name, value in _secrets().items():
        if not found.get(name, "").strip():
            found[name] = value
    return found


def is_of_process(name: str) -> bool:
    """Whether a variable is set by the process itself, not by the secrets."""
    return bool(os.environ.get(name, "").strip())


def _secrets() -> dict[str, str]:
    # Without a file, and with one that cannot be read, there are none: Streamlit logs which.
    if not st.secrets.load_if_toml_exists():
        return {}
    table = st.secrets.get(TABLE)
    places: list[Mapping[str, Any]] = [st.secrets]
    if isinstance(table, Mapping):
        places.append(table)
    return {
        name: place[name]
        for place in places
        for name in names()
        if isinstance(place.get(name), str) and place[name].strip()
    }


def names() -> list[str]:
    """Every variable that is looked for."""
    known = (each for provider in providers() for each in (*provider.keys, *provider.bases))
    return list(dict.fromkeys([*PAIRS, *known]))
