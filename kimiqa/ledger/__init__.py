"""Money: what was reserved, what was spent, and what may not be; and what is learned from it.

The parts: `records` and `caps` are plain data and arithmetic; `sqlite` holds all that is one
database's own way; `database` and `schema` are the door to SQLAlchemy, opened with the first
`Ledger`; `entries`, `holds`, `balances`, `learning`, `warm` and `conversations` each keep one
kind of record; `spending` sums calls up. `accounts` reads the books, `book` writes them.
"""

from kimiqa.ledger.balances import Balance, Span
from kimiqa.ledger.book import Ledger
from kimiqa.ledger.budget import Budget
from kimiqa.ledger.caps import NO_SCOPE, Breach, Scope, cap_warnings
from kimiqa.ledger.holds import Hold
from kimiqa.ledger.learning import TEST_LABEL
from kimiqa.ledger.memory import host_of
from kimiqa.ledger.records import Accuracy, Call, ConversationRecord, Period, State
from kimiqa.ledger.scoring import Scores
from kimiqa.ledger.spending import Group, GroupBy
from kimiqa.ledger.warm import WarmPrompt

__all__ = [
    "NO_SCOPE",
    "TEST_LABEL",
    "Accuracy",
    "Balance",
    "Breach",
    "Budget",
    "Call",
    "ConversationRecord",
    "Group",
    "GroupBy",
    "Hold",
    "Ledger",
    "Period",
    "Scope",
    "Scores",
    "Span",
    "State",
    "WarmPrompt",
    "cap_warnings",
    "host_of",
]
