"""Whether an answer is right: a grader for each kind of question."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from kimiqa.evaluating.dataset import Item
from kimiqa.evaluating.dates import days, same_day
from kimiqa.evaluating.numbers import numbers, same
from kimiqa.refusing import refused

ENOUGH = 0.6
"""The token F1 (of long gold answers: the share of their words) from which a text is right."""

LONG_WORDS = 6
"""Gold answers from this many words on may be told in a longer answer: their words count."""

MOST_NUMBERS = 4
"""Where an answer gives more different numbers, only the first so many can be the answer."""

_MARKER = re.compile(r"[\[［【][^\]］】\n]{0,80}?\bD\d+[^\]］】\n]{0,80}[\]］】]")
_QUOTE = re.compile(r'"[^"\n]*"|“[^”\n]*”|„[^“”\n]*[“”]|«[^»\n]*»|「[^」\n]*」')
_HAN = r"[\u3040-\u30ff\u3400-\u9fff]"
_TOKEN = re.compile(rf"{_HAN}|[^\W_]+(?:[.,]\d+)*")
_NEGATION = {
    "not", "no", "never", "none", "neither", "nor", "without", "cannot", "nicht", "kein", "keine",
    "pas", "jamais", "nunca", "ninguno", "不", "没", "未", "无",
}  # fmt: skip
_DROPPED = {"a", "an", "the", "der", "die", "das", "le", "la", "les", "el", "los", "las"}
_YES = {"yes", "ja", "oui", "sí", "si", "true", "correct", "是", "是的", "对"}
_NO_FIRST = re.compile(r"\W*(?:no|nein|non|否|不是|不)\s*(?:[,.;:!，。；：！–—-]|$)", re.IGNORECASE)
_NO = {"no", "nein", "non", "false", "incorrect", "否", "不", "不是", "没有"}


def right(item: Item, text: str) -> bool:
    """Whether `text` gives the gold answer. An answer that says there is none is right for a
    question that has none, and never for another."""
    if item.kind == "refusal":
        return refused(text)
    if not text.strip() or (refused(text) and not _says_no(item, text)):
        return False
    return _GRADERS[item.kind](item, without_markers(text))


def _says_no(item: Item, text: str) -> bool:
    """Whether what reads like a refusal is the answer to a question of yes or no: "No, the lease
    does not mention pets." But "No information is given." is none."""
    return item.kind == "yes_no" and _NO_FIRST.match(without_markers(text)) is not None


def without_markers(text: str) -> str:
    """The answer without its citations' markers, whose page numbers answer nothing."""
    return _MARKER.sub(" ", text)


# Numbers ----------------------------------------------------------------------------------------


def _number(item: Item, text: str) -> bool:
    """The answer's own words count first, and what it quotes only where they give no number. A
    gold answer that is a day is met by that day alone, however it is written."""
    wanted = [day for gold in item.answers for day in days(gold)]
    if wanted:
        told = list(dict.fromkeys(days(_QUOTE.sub(" ", text)))) or list(days(text))
        return any(same_day(one, day) for one in told[:MOST_NUMBERS] for day in wanted)
    asked = {each.value for each in numbers(item.question)}
    for said in (_QUOTE.sub(" ", text), text):
        found = list(numbers(said))
        new = [each for each in found if each.value not in asked] or found
        if new:
            golds = [next(numbers(gold), None) for gold in item.answers]
            first = list(dict.fromkeys(new))[:MOST_NUMBERS]
            return any(
                gold is not None and same(each, gold, item.tolerance)
                for each in first
                for gold in golds
            )
    return _text(item, text)


# Choices ----------------------------------------------------------------------------------------


def _choice(item: Item, text: str) -> bool:
    wanted = {_place_of(gold, item.choices) for gold in item.answers}
    return _chosen(text, item.choices) in wanted - {None}


def _place_of(gold: str, choices: Sequence[str]) -> int | None:
    """Which choice the gold answer names: by its letter or its text."""
    letter = re.fullmatch(r"\s*\(?([A-Za-z])[).:]?\s*", gold)
    if letter:
        return ord(letter[1].upper()) - 65
    plain = [_tokens(choice) for choice in choices]
    return plain.index(_tokens(gold)) if _tokens(gold) in plain else None


def _chosen(text: str, choices: Sequence[str]) -> int | None:
    """The choice an answer names: a letter that stands for itself, else the one text it holds."""
    said = text.strip()
    letter = (
        re.match(r"[\"'*(]*([A-H])(?:[)\].:*\"'](?=\W|\w|$)|\s*$|\s*[-–—]\s)", said)
        or re.search(r"(?<!not )(?<!not option )\(([A-H])\)", said)
        or re.search(r"\b(?:answer|option|choice|antwort|réponse)\W+(?:is\W+)?([A-H])\b", said)
    )
    if letter:
        return ord(letter[1]) - 65
    tokens = _tokens(said)
    held = [n for n, choice in enumerate(choices) if _stands_in(_tokens(choice), tokens)]
    longest = sorted(held, key=lambda n: -len(choices[n]))
    # One may hold another ("the Tenant", "the Tenant and the Landlord"); two strangers may not.
    if longest and all(_stands_in(_tokens(choices[n]), _tokens(choices[longest[0]])) for n in held):
        return longest[0]
    return None


# Yes and no -------------------------------------------------------------------------------------


def _yes_no(item: Item, text: str) -> bool:
    return _verdict(text) is not None and _verdict(text) == _verdict(item.answers[0])


def _verdict(text: str) -> bool | None:
    """Yes or no: the first word that says so where it begins the answer or stands by itself;
    a "not" far inside a sentence decides nothing."""
    own = _QUOTE.sub(" ", text)
    words = re.findall(rf"{_HAN}+|[^\W_]+", unicodedata.normalize("NFKC", own).lower())
    for word in words[:1]:
        if word in _YES or word in _NO:
            return word in _YES
    found = re.search(r"\b(yes|no)\b\s*(?:[,.;:!)]|$)", own, re.IGNORECASE)
    if found:
        return found[1].lower() == "yes"
    if words and re.match(r"^(是|对)", words[0]):
        return True
    if words and re.match(r"^(不|否|没)", words[0]):
        return False
    return None


# Text -------------------------------------------------------------------------------------------


def _text(item: Item, text: str) -> bool:
    return any(_says(gold, text) for gold in item.answers)


def _says(gold: str, text: str) -> bool:
    wanted, said = _tokens(gold), _tokens(text)
    if not wanted or not said:
        return False
    if _stands_in(wanted, said, negated=False):
        return True
    if _negations(wanted) != _negations(said):
        return False
    if len(wanted) >= LONG_WORDS and _shared(wanted, said) / len(wanted) >= ENOUGH:
        return True
    return token_f1(gold, text) >= ENOUGH


def _negations(words: Sequence[str]) -> int:
    return sum(word in _NEGATION for word in words)


def token_f1(gold: str, text: str) -> float:
    """The harmonic mean of precision and recall of words.

    >>> token_f1("six months", "six long months"), token_f1("six", "seven")
    (0.8, 0.0)
    """
    wanted, said = _tokens(gold), _tokens(text)
    shared = _shared(wanted, said)
    return 2 * shared / (len(wanted) + len(said)) if shared else 0.0


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    return sum((Counter(one) & Counter(other)).values())


def _tokens(text: str) -> list[str]:
    """Words alike whatever their case, width, accents' form, grouping of digits and articles."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = re.sub(r"(?<=\d),(?=\d{3}\b)", "", folded)
    return [word for word in _TOKEN.findall(folded) if word not in _DROPPED]


def _stands_in(wanted: Sequence[str], said: Sequence[str], *, negated: bool = True) -> bool:
    """Whether the words stand together in the answer; `negated=False`: and no "not" of the
    answer's own right before them."""
    size, plain = len(wanted), not (_NEGATION & set(wanted))
    for start in range(len(said) - size + 1):
        if size and list(said[start : start + size]) == list(wanted):
            before = set(said[max(0, start - 2) : start])
            if negated or not (plain and before & _NEGATION):
                return True
    return False


_GRADERS: dict[str, Callable[[Item, str], bool]] = {
    "number": _number,
    "choice": _choice,
    "yes_no": _yes_no,
    "text": _text,
}
