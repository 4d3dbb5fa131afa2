"""Whether an answer says that the documents do not hold what was asked."""

from __future__ import annotations

import re

_PHRASES = re.compile(
    r"""
    # English
    \b(?:do|does|did)(?:\s+not|n['’]t)\s+(?:\w+\s+){0,3}?(?:contain|mention|provide|hold|say
        |state|specif\w+|include|answer|give|address|disclose|indicate|tell|report|discuss|cover
        |list|define|describe|offer|reveal|explain|show)\b
    |\b(?:is|are|was|were)(?:\s+not|n['’]t)\s+(?:\w+\s+){0,3}?(?:mentioned|provided|stated
        |specified|found|given|included|contained|available|disclosed|addressed|answerable
        |answered|indicated|listed|defined|described|discussed|present|reported)\b
    |\b(?:not\s+(?:found|answerable|mentioned|specified|stated|available|given|provided)
        |no\s+(?:\w+\s+){0,2}?(?:information|mention|answer|indication|evidence|data|details?)\b
        |no\s+(?:\w+\s+){1,3}?(?:mentioned|stated|specified|given|named|listed|found)\b
        |nothing\s+here
        |(?:cannot|can\s*not|can['’]t|could\s+not|unable\s+to|impossible\s+to)\s+(?:be\s+)?
         (?:find|found|answer\w*|determine\w*|tell|say|identify|identified|establish\w*)
        |unanswerable
        |says?\s+nothing|gives?\s+no\b|makes?\s+no\s+mention|contains?\s+no\b|holds?\s+no\b)
    # German
    |\b(?:nicht\s+(?:\w+\s+){0,2}?(?:enthalten|erwähnt|angegeben|genannt|beantwort\w+|gefunden)
        |enth(?:ält|alten)\s+(?:\w+\s+){0,2}?(?:keine|nicht)|keine\s+(?:angaben?|informationen?)
        |geht\s+(?:\w+\s+){0,4}?nicht\s+hervor|nennt\s+(?:kein|nicht)\w*)
    # French
    |\b(?:ne\s+(?:contien\w+|mentionn\w+|précis\w+|indiqu\w+|répond\w*|fourni\w+|donn\w+|di\w+)
        |n['’](?:est|indiqu|a)\w*\s+pas|pas\s+(?:mentionné|précisé|indiqué|trouvé)e?
        |aucune\s+(?:information|mention|réponse|indication))
    # Spanish
    |\b(?:no\s+(?:se\s+)?(?:contien\w+|mencion\w+|especific\w+|indic\w+|proporcion\w+|dice\w*
        |encuentr\w+|responde\w*)|ninguna\s+(?:información|mención|respuesta))
    # Chinese, Japanese
    |(?:没有|並未|并未|未)(?:\w{0,4})(?:提及|提到|说明|說明|提供|包含|给出|给出|找到|回答|信息)
    |(?:无法|無法)(?:\w{0,6})(?:回答|确定|確定|找到|得知)
    |(?:記載|記述|言及|情報)(?:\w{0,3})(?:ありません|ない|なし|されていない|されていません)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_QUOTED = re.compile(r'"[^"\n]*"|“[^”\n]*”|„[^“”\n]*[“”]|«[^»\n]*»|「[^」\n]*」')
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n+")
SHORT_WORDS = 40
"""In an answer up to this length a refusal counts wherever it stands, else in its beginning."""


def refused(text: str) -> bool:
    """Whether the answer is that there is none. What stands in quotes is the document's.

    >>> refused("The documents do not say who pays."), refused("It ends on 1 May [D1 p. 2].")
    (True, False)
    """
    own = _QUOTED.sub(" ", text).strip()
    sentences = [each for each in _SENTENCE.split(own) if each.strip()]
    if not sentences:
        return False
    looked_at = own if len(own.split()) <= SHORT_WORDS else " ".join(sentences[:1])
    return _PHRASES.search(looked_at) is not None
