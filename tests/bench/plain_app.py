"""Streamlit's own elements, as many and of the same kinds as a conversation of kimiqa shows, with
nothing behind them: what this takes longer than an empty app, Streamlit takes to draw.

    streamlit run tests/bench/plain_app.py
"""

import streamlit as st

st.set_page_config(layout="wide")
with st.sidebar:
    st.title("plain", anchor=False)
    st.caption("A line of words below the title.")
    for n in range(5):
        st.button(f"View {n}", key=f"view{n}", icon=":material/chat:", width="stretch")
    st.subheader("Documents", anchor=False)
    with st.container(border=True):
        for words in ("**name.pdf**", "2,415 pages · 1,202,225 tokens", "made in 2023"):
            st.markdown(words)
        row = st.container(horizontal=True)
        row.button("Remove", type="tertiary", help="A line of help.")
        row.popover("May go anywhere", type="tertiary")
        with st.expander("How it is read"):
            st.button("Compare", icon=":material/plagiarism:", help="A line of help.")
            st.button("Read again", icon=":material/upload_file:", help="A line of help.")
    with st.expander("Add documents"):
        st.file_uploader("Files", accept_multiple_files=True)
        st.file_uploader("A folder", accept_multiple_files="directory")
        with st.form("path", border=False):
            st.text_input("A path")
            st.form_submit_button("Open")
    st.expander("Open again")
    st.subheader("Model", anchor=False)
    st.selectbox("Model", ["a", "b", "c"])
    above = st.container()
    st.selectbox("From the outline", ["a", "b", "c"])
    below = st.container()
    st.selectbox("Label", ["a", "b", "c"], help="A line of help.")
    for words in ("Spent", "Today", "This month"):
        st.caption(words)
    st.button("New", icon=":material/edit_square:")
st.header("name.pdf", anchor=False)
st.caption("2,415 pages · 1,202,225 tokens")
st.button("Earlier")
for n in range(3):
    st.markdown(f"**Question {n}**")
    answer, beside = st.columns([3, 2], gap="medium")
    with answer:
        st.markdown("It says so, with a few words more. :green[✓ p. 12] " * 8)
        with st.container():
            st.expander("7 of 71 pages")
            st.caption("Used 7 of 71 pages.")
            row = st.container(horizontal=True)
            row.button("Again", key=f"again{n}", icon=":material/alt_route:", help="Help.")
            row.popover("Copy", icon=":material/content_copy:", type="tertiary", key=f"copy{n}")
            row.button("As Markdown", key=f"markdown{n}", icon=":material/download:")
            row.button("As HTML", key=f"html{n}", icon=":material/download:")
with beside, st.container(border=True):
    for words in ("Verified", "**name.pdf** page 12 of 2,415", "citation 1 of 8", "Back"):
        st.markdown(words)
    for n in range(2):
        row = st.container(horizontal=True)
        row.button("Before", key=f"before{n}")
        row.button("After", key=f"after{n}")
with st.container(border=True):
    field, asking = st.container(), st.container()
    row = st.container(horizontal=True)
    row.caption("Ready-made:", width="content")
    for n in range(3):
        row.button(f"Task {n}", key=f"task{n}", type="tertiary", help="A line of help.")
    cards = st.container()
weighed = st.container()


@st.fragment
def priced() -> None:
    """What is drawn anew where a field changes that decides prices."""
    with above:
        st.radio("Effort", ["low", "high", "max"], horizontal=True)
        n = len(st.text_input("Pages"))
    with below:
        st.expander("Pages as pictures", key="eyes", on_change="rerun")
        st.toggle("Send placeholders", help="A line of help.")
        st.text_input("Cap")
        st.radio("Keep", ["Five minutes", "An hour"], horizontal=True, help="A line of help.")
    with field:
        st.text_area("Your question", height=96)
    with cards:
        st.caption("Prices are for a question of ordinary length.")
        with st.columns(1)[0], st.container(border=True, height="stretch"):
            st.metric("Whole document", f"$0.{n:02}")
            st.caption("Three lines of words.")
            st.caption("One line of words.")
            st.space("stretch")
            st.button("Chosen", width="stretch")
        st.button("Other ways", icon=":material/unfold_more:", type="tertiary")
    with asking.container(horizontal=True):
        st.markdown(f"{n} letters", width="content")
        st.button("Ask", type="primary")
    with weighed:
        st.expander("Other efforts", key="efforts", on_change="rerun")
        st.expander("Other models", key="models", on_change="rerun")


priced()
