"""Key, endpoint and model: saved for this user alone; a key is never shown again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from kimiqa.errors import BadRequestError, KimiqaError
from kimiqa.settings import (
    Provider,
    Settings,
    clean_url,
    home_folder,
    host_of,
    load_settings,
    providers,
    save_key,
    save_settings,
    saved_keys,
)
from kimiqa.settings.secrets import Secret, mask
from kimiqa.ui import desk, limits, outcome, secrets, trial
from kimiqa.ui.state import State
from kimiqa.ui.text import escape
from kimiqa.ui.words import _

OTHER = "other"
OVERRIDING = ("KIMIQA_BASE_URL", "KIMIQA_API_KEY")
"""The variables that come before what is saved."""


@dataclass(slots=True)
class Form:
    """The form of an endpoint: made anew after each saving, so that the key leaves the session too,
    and what was saved is what it shows."""

    saved: int = 0
    own: bool = False
    """Whether it begins with an endpoint of one's own, where none is saved."""


def show(state: State) -> None:
    """The settings, in the place of the conversation."""
    st.header(_("Key and settings"), anchor=False)
    if st.button(_("Back to the question"), key="back", icon=":material/arrow_back:"):
        state.view = "ask"
        st.rerun()
    settings = load_settings(home_folder())
    with st.container(border=True):
        _of_environment()
        _endpoint(state, settings)
    with st.container(border=True):
        limits.show(state, settings)
    st.caption(_("Kept in {folder}").format(folder=escape(str(home_folder()))))


def _of_environment() -> None:
    """What variables say comes before what is saved here: said before anybody saves in vain."""
    found = secrets.variables()
    named = [name for name in OVERRIDING if found.get(name, "").strip()]
    if not named:
        return
    url = found.get("KIMIQA_BASE_URL", "").strip()
    where = ", ".join(f"{name} ({url})" if name == "KIMIQA_BASE_URL" else name for name in named)
    words = (
        _(
            "Set by the environment: {where}; saving an endpoint or a key here changes nothing "
            "until that is removed."
        )
        if any(map(secrets.is_of_process, named))
        else _(
            "Set by Streamlit's secrets: {where}; saving an endpoint or a key here changes nothing "
            "until that is removed."
        )
    )
    st.info(escape(words.format(where=where)), icon=":material/terminal:")


def _endpoint(state: State, settings: Settings) -> None:
    st.subheader(_("Who answers"), anchor=False)
    form = state.of(Form)
    preset = _preset(settings, form)
    usual = settings.base_url or preset.base_url if preset else settings.base_url or ""
    if preset and settings.base_url and host_of(settings.base_url) not in preset.hosts:
        usual = preset.base_url
    name = preset.name if preset else OTHER
    with st.form(f"endpoint-{name}", clear_on_submit=False, border=False):
        url = st.text_input(_("Base URL"), value=usual, key=f"url-{name}-{form.saved}")
        key = st.text_input(
            _("API key"),
            type="password",
            autocomplete="off",
            key=f"key-{form.saved}",
            placeholder=_saved(usual) or _("paste it here"),
            help=_("Stored for you alone, sent to this endpoint alone, never shown again."),
        )
        model = st.text_input(
            _("Model"),
            value=settings.model or "",
            placeholder=preset.default_model if preset else _("the model's id"),
        )
        row = st.container(horizontal=True)
        saved = row.form_submit_button(_("Save"), type="primary")
        tested = row.form_submit_button(_("Save and test"))
    if saved or tested:
        save_and_test(state, url, key, model, test=tested)
    outcome.show(state)
    _in_use(state)
    _forget(state, usual)


def begin_with_own(state: State) -> None:
    """Go to the settings to name an endpoint of one's own."""
    state.of(Form).own = True
    state.view = "settings"


def _preset(settings: Settings, form: Form) -> Provider | None:
    """The provider whose form is shown; None is an endpoint of one's own."""
    known = {each.name: each for each in providers()}
    host = host_of(settings.base_url) if settings.base_url else None
    here = next((each.name for each in providers() if host in each.hosts), OTHER)
    names = [*known, OTHER]
    index = names.index(here) if host or form.own else 0
    titles = {OTHER: _("Another endpoint")} | {name: each.title for name, each in known.items()}
    picked = st.selectbox(
        _("Endpoint"),
        names,
        index=index,
        key=f"preset-{form.saved}",
        format_func=lambda name: titles[name],
    )
    return known.get(picked)


def _saved(base_url: str) -> str:
    """The mask of the key that is saved for this host, if one is."""
    try:
        key = saved_keys(home_folder()).get(host_of(clean_url(base_url)))
    except KimiqaError:
        return ""
    return _("saved: {key}").format(key=_masked(key)) if key else ""


def _masked(key: Secret) -> str:
    """A key as it may be shown; of a short one nothing but that it is there."""
    return _("set") if str(key) == mask("") else str(key)


def save_and_test(state: State, url: str, key: str, model: str, *, test: bool) -> None:
    """Save, and show what came of it after the next run."""
    outcome.tell(state, None)
    try:
        _save(url, key, model)
        state.of(Form).saved += 1
        state.choices.model = state.choices.effort = state.choices.strategy = ""
        outcome.tell(state, outcome.free() if test else _("Saved."))
        trial.forget()
    except KimiqaError as error:
        outcome.tell(state, error)
    st.rerun()


def _save(url: str, key: str, model: str) -> None:
    home = home_folder()
    base_url = clean_url(url) if url.strip() else None
    if key.strip():
        if base_url is None:
            raise BadRequestError(_("A key needs the base URL it belongs to."))
        save_key(base_url, key, home)
    # The first provider's own address is the default: naming it would mean a choice.
    kept = None if base_url == providers()[0].base_url else base_url
    settings = load_settings(home)
    save_settings(replace(settings, base_url=kept, model=model.strip() or None), home)


def _in_use(state: State) -> None:
    """The key that is used, masked, where it does not come from here."""
    target = desk.setup(state).target
    if target.api_key and target.key_source not in ("", "saved"):
        words = _("Key in use: {key} from {source}, for {host}").format(
            key=_masked(target.api_key), source=target.key_source, host=target.host
        )
        st.caption(escape(words))


def _forget(state: State, base_url: str) -> None:
    if not _saved(base_url):
        return
    st.caption(_("Key {saved}").format(saved=escape(_saved(base_url))))
    if st.button(_("Forget this key"), key="forget-key"):
        save_key(base_url, None, home_folder())
        outcome.tell(state, None)
        st.rerun()
