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
        st.markdown(
            "**name.pdf**  \n:small[2,415 pages · 1,202,225 tokens]  \n:small[made in 2023]"
        )
        st.button("Remove", type="tertiary", help="A line of help.")
        st.expander("Where it may go", key="places", on_change="rerun")
        st.expander("How it is read", key="reading", on_change="rerun")
    st.expander("Add documents", key="add", on_change="rerun")
    st.expander("Open again", key="open", on_change="rerun")
    st.subheader("Model", anchor=False)
    st.selectbox("Model", ["a", "b", "c"])
    above = st.container()
    st.selectbox("From the outline", ["a", "b", "c"])
    below = st.container()
    st.selectbox("Label", ["a", "b", "c"], help="A line of help.")
    st.subheader("Spent", anchor=False)
    st.caption("Today  \nThis month")
    st.button("New", icon=":material/edit_square:")
for n in range(3):
    st.html(f"<!-- what has no looks, {n} -->")
st.header("name.pdf", anchor=False)
st.caption("2,415 pages · 1,202,225 tokens")
st.button("Earlier")
for n in range(2):
    st.markdown(f"**Question {n}**")
    answer, beside = st.columns([3, 2], gap="medium")
    with answer:
        st.markdown("It says so, with a few words more. :green[✓ p. 12] " * 8)
        st.html(f"<!-- what has no looks, answer {n} -->")
        with st.container():
            st.expander("7 of 71 pages", key=f"receipt{n}", on_change="rerun")
            st.caption("Used 7 of 71 pages.")
            row = st.container(horizontal=True)
            row.button("Again", key=f"again{n}", icon=":material/alt_route:", help="Help.")
            row.button("Copy", key=f"copy{n}", icon=":material/content_copy:", type="tertiary")
with beside, st.container(border=True):
    st.markdown("Verified  \n**name.pdf** page 12 of 2,415  \n:small[citation 1 of 8]")
    for n in range(2):
        row = st.container(horizontal=True)
        row.button("Before", key=f"before{n}")
        row.button("After", key=f"after{n}")
    st.markdown("[Back](#text)")


@st.fragment
def priced() -> None:
    """What is drawn anew where a field changes that decides prices."""
    with above:
        st.radio("Effort", ["low", "high", "max"], horizontal=True)
        n = len(st.text_input("Pages"))
    with below:
        st.toggle("Send placeholders", help="A line of help.")
        st.text_input("Cap")
        st.expander("More choices", key="more", on_change="rerun")
    st.container()
    with st.container(border=True):
        st.text_area("Your question", height=96)
        with st.container(horizontal=True):
            st.button("Ask", type="primary")
            st.button("Ready-made", icon=":material/expand_more:", type="tertiary")
        with st.container(border=True):
            st.metric("Whole document", f"$0.{n:02}")
            st.caption("Three lines of words.")
        st.markdown(f"{n} letters", width="content")
        st.button("Other ways", icon=":material/unfold_more:", type="tertiary")
    st.expander("Other efforts, lengths and models", key="weigh", on_change="rerun")


priced()
