"""How tasks that need every page are asked for in English.

Forms in which a question only mentions such a thing ("compared to 2021", "as outlined in", "what
does the summary say") are left out: they ask for one fact.
"""

from __future__ import annotations

from kimiqa.tasks.kinds import Kind

_PAPER = (
    r"(?:documents?|reports?|contracts?|agreements?|leases?|files?|books?|papers?|articles?|texts?"
    r"|filings?|polic(?:y|ies)|manuals?|versions?|editions?|drafts?|offers?|statutes?|laws?)"
)
_SUMMARY = r"(?:summary|overview|outline|abstract|digest|gist|synopsis|pr[eé]cis)"
_PLEASE = r"^\W*(?:please\s+|(?:can|could|would|will)\s+you\s+(?:please\s+)?)?"
_OF_PAPERS = rf"\b(?:{_PAPER}|both|two|D\d+)\b"
# What makes of a summary a thing that is asked about, and not what is asked for.
_A_THING = (
    r"(?!\s+(?:sections?|pages?|tables?|judge?ment|convictions?|offen[cs]es?|proceedings?"
    r"|dismissal|says?|states?|mentions?)\b|\s+of\s+[\w\s]{0,40}\b(?:says?|states?|mentions?)\b)"
)
_COUNTED = (
    r"(?:clauses|sections|chapters|articles|tables|figures|definitions|obligations|deadlines"
    r"|references|footnotes|mentions|parties)"
)
_LISTED = (
    rf"(?:{_COUNTED}|dates|amounts|risks|duties|rights|exceptions|conditions|requirements"
    r"|penalties|fees|payments|terms|names|persons|people|companies|witnesses|events|claims"
    r"|arguments|findings|recommendations|assumptions|annexes|appendices|exhibits|sources)"
)

TASKS: dict[Kind, tuple[str, ...]] = {
    "summary": (
        r"\bsum(?:mari[sz]e\b|mari[sz]ing\b|\s+up\b)",
        r"\b(?:give|write|make|provide|produce|prepare|create|draft|need|want|like)\b.{0,40}"
        rf"\b{_SUMMARY}\b",
        rf"^\W*(?:an?\s+|the\s+)?(?:[\w-]+\s+)?(?:{_SUMMARY}|tl;?dr)\b{_A_THING}",
        rf"\ban?\s+(?:[\w-]+\s+){{0,2}}{_SUMMARY}\s+of\s+(?:the|this|these|both|all)\s+{_PAPER}",
        rf"\boutline\s+(?:the|this)\s+(?:{_PAPER}|argument|structure|contents?)",
        r"\btl;?dr\b",
        r"\b(?:main|key)\s+(?:points?|ideas?|topics?|takeaways?)\b",
        r"\b(?:main|key)\s+(?:themes?|findings?|arguments?)\s+of\s+(?:this|the|these)\s+"
        rf"{_PAPER}\b",
        rf"\bwhat\s+(?:is|are)\s+(?:this|the|these)\s+{_PAPER}\s+about\b",
    ),
    "timeline": (r"\btime\s?line\b|\bchronolog(?:y|ical|ically)\b|\bsequence\s+of\s+events\b",),
    "contradictions": (
        r"\bcontradict(?:ions?|s)?\b",
        r"\b(?:any|all|find|list|spot|there)\s+(?:\w+\s+)?"
        r"(?:inconsistenc|discrepanc|conflicts?\b)",
    ),
    "comparison": (
        rf"\bcompare\b.{{0,60}}{_OF_PAPERS}",
        rf"\b(?:comparison|differences?|changes?)\s+(?:of|between|across)\b.{{0,40}}{_OF_PAPERS}",
        rf"\bwhat\s+(?:has\s+|was\s+|is\s+)?(?:changed|different|new)\b.{{0,40}}\b{_PAPER}\b",
        rf"\bwhat\s+differs\b.{{0,40}}{_OF_PAPERS}",
        rf"\bhow\s+(?:do|does|did)\s+(?:[\w'-]+\s+){{0,6}}?(?:{_PAPER}|D\d+)\s+differ\b",
        rf"\b(?:year\s+on\s+year|side\s+by\s+side)\b.{{0,40}}{_OF_PAPERS}",
    ),
    "list": (
        r"\b(?:list|find|name|show|extract|identify|enumerate|collect|give|what\s+are|which\s+are)"
        r"\s+(?:me\s+)?(?:all|every|each)\b",
        rf"{_PLEASE}(?:list|enumerate|extract|tabulate)\s+(?:out\s+)?(?:the\s+|its\s+|their\s+)?"
        rf"(?:[\w'-]+\s+){{0,2}}?{_LISTED}\b",
        r"\bevery\s+(?:mention|instance|occurrence|clause|date|party|obligation|deadline"
        r"|definition)\b",
        r"\bhow\s+many\s+times\s+(?:is|are|was|were|do|does)\b",
        rf"\bhow\s+many\s+(?:different\s+|distinct\s+)?{_COUNTED}\b",
        rf"{_PLEASE}count\s+(?:up\s+)?(?:all|every|each|how\s+(?:many|often)|the\s+(?:number\s+of\s+)?"
        rf"{_LISTED}|the\s+(?:occurrences|times))\b",
    ),
    "review": (
        rf"{_PLEASE}(?:review|analy[sz]e|audit|proof-?read|critique|examine|go\s+through"
        rf"|read\s+through|red-?line|check)\s+(?:the|this|these|both|my|our)\s+"
        rf"(?:(?!section|clause|page|chapter|article)[\w-]+\s+){{0,2}}?{_PAPER}\s*"
        r"(?:$|[.!?]|for\b(?!\s+the\b)|and\b|thoroughly|carefully|completely)",
    ),
    "text": (
        rf"\b(?:throughout|across)\s+(?:the|this|all)\s+(?:\w+\s+)?{_PAPER}\b",
        rf"\bthe\s+(?:whole|entire)\s+{_PAPER}\b",
        rf"{_PLEASE}(?:translate|rewrite|rephrase|transcribe)\s+"
        rf"(?:(?:it|everything|all\s+of\s+it)\b|(?:the|this|these|both|my)\s+(?:whole\s+|entire\s+)?"
        rf"{_PAPER}\b)",
    ),
}
