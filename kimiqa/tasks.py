"""What a question asks for: one fact, or something that only the whole document can answer."""

from __future__ import annotations

import re

_PAPER = (
    r"(documents?|reports?|contracts?|agreements?|leases?|files?|books?|papers?|articles?|texts?"
    r"|filings?|polic(?:y|ies)|manuals?|versions?|editions?|drafts?|offers?|statutes?|laws?)"
)

# Each needs every page. Forms in which a question only mentions such a thing ("compared to
# 2021", "as outlined in", "a contradictory claim") are left out: they ask for one fact.
_TASKS = (
    # summaries
    r"\bsum(?:mari[sz]e\b|mari[sz]ing\b|\s+up\b)",
    r"\b(?:give|write|make|provide|produce|prepare|create|draft|need|want)\b.{0,40}"
    r"\b(?:summary|overview|outline|abstract|digest|gist)\b",
    r"^\W*(?:an?\s+|the\s+)?(?:\w+\s+)?(?:summary|overview|outline|gist|tl;?dr)\b",
    rf"\b(?:summary|overview|outline|abstract|gist)\s+of\s+(?:the|this|these|both|all)\s+{_PAPER}",
    rf"\boutline\s+(?:the|this)\s+(?:{_PAPER}|argument|structure|contents?)",
    r"\btl;?dr\b",
    r"\b(?:main|key)\s+(?:points?|ideas?|topics?|takeaways?)\b",
    r"\b(?:main|key)\s+(?:themes?|findings?|arguments?)\s+of\s+(?:this|the|these)\s+"
    rf"{_PAPER}\b",
    rf"\bwhat\s+(?:is|are)\s+(?:this|the|these)\s+{_PAPER}\s+about\b",
    # all of something
    r"\b(?:list|find|name|show|extract|identify|enumerate|collect|give|what\s+are|which\s+are)"
    r"\s+(?:me\s+)?(?:all|every|each)\b",
    r"\bevery\s+(?:mention|instance|occurrence|clause|date|party|obligation|deadline|definition)\b",
    r"\bhow\s+many\s+times\s+(?:is|are|was|were|do|does)\b",
    r"\bhow\s+many\s+(?:different\s+|distinct\s+)?(?:clauses|sections|chapters|articles|tables"
    r"|figures|definitions|obligations|deadlines|references|footnotes|mentions|parties)\b",
    # in order, against each other
    r"\btime\s?line\b|\bchronolog(?:y|ical|ically)\b|\bsequence\s+of\s+events\b",
    r"\bcontradict(?:ions?|s)?\b",
    r"\b(?:any|all|find|list|spot|there)\s+(?:\w+\s+)?(?:inconsistenc|discrepanc|conflicts?\b)",
    rf"\bcompare\b.{{0,60}}\b(?:{_PAPER}|both|two|D\d+)\b",
    rf"\b(?:comparison|differences?|changes?)\s+(?:of|between|across)\b.{{0,40}}"
    rf"\b(?:{_PAPER}|both|two|D\d+)\b",
    rf"\bwhat\s+(?:has\s+|was\s+|is\s+)?(?:changed|different|new)\b.{{0,40}}\b{_PAPER}\b",
    rf"\b(?:throughout|across)\s+(?:the|this|all)\s+(?:\w+\s+)?{_PAPER}\b",
    rf"\bthe\s+(?:whole|entire)\s+{_PAPER}\b",
    # the same in Chinese
    r"总结|概括|摘要|概述|概览|综述|归纳|梳理|罗列|(?:列出|列举|找出|找到|提取)(?:所有|全部|每)"
    r"|时间线|时间顺序|大事记|矛盾|不一致|互相冲突|比较|对比|有(?:何|什么|哪些)(?:不同|区别|差异)"
    r"|出现(?:了)?(?:多少|几)次|全文|通篇|主要内容|要点|讲了什么",
)
_WHOLE = re.compile("|".join(f"(?:{each})" for each in _TASKS), re.IGNORECASE | re.DOTALL)


def needs_everything(question: str) -> bool:
    """Whether a question asks for something that only the whole document can answer.

    >>> needs_everything("Summarise the report"), needs_everything("When does the lease end?")
    (True, False)
    """
    return _WHOLE.search(question) is not None
