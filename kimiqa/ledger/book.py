"""The ledger: every paid call is written down before it is sent, and settled after."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from kimiqa.ledger import caps, entries, holds, pacing
from kimiqa.ledger.accounts import Accounts
from kimiqa.ledger.budget import NO_BUDGET, Budget
from kimiqa.ledger.caps import NO_SCOPE, Breach, CapName, Scope
from kimiqa.ledger.holds import Hold, Terms
from kimiqa.money import Cost, Usage

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Ledger(Accounts):
    """All money, in one place that threads and processes share. Every method may block for a
    moment on the disk: on an event loop, call it in a thread."""

    @classmethod
    def open(cls, home: str | Path | None, clock: Callable[[], float] = time.time) -> Ledger:
        """The ledger in the folder `home`, made if need be, or at the URL of a PostgreSQL
        database; None keeps it in memory.

        Reservations whose time has passed become `unknown`. `clock` gives wall-clock seconds.

        Raises:
            LedgerError: it may not be opened there, or is damaged or newer than this code.
        """
        from kimiqa.ledger.database import Database  # here, for SQLAlchemy takes its time

        place = Path(home) if isinstance(home, str) and "://" not in home else home
        ledger = cls(Database.open(place), clock)
        try:
            ledger.recover()
        except BaseException:
            ledger.close()
            raise
        return ledger

    @property
    def in_memory(self) -> bool:
        """Whether nothing of it outlives this process."""
        return self._database.where == "in memory"

    # Before and after a call

    def reserve(self, **terms: Unpack[Terms]) -> str:
        """Write down a call that is about to be sent, if its ceiling fits under every cap.

        The caps are checked and the row is committed in one step, so that two processes never
        both take what is left for one.

        Raises:
            PriceUnknownError: there is no price, and `allow_unpriced` was not said.
            OverCapError: the ceiling is over a cap.
            LedgerError: the row cannot be stored, so nothing may be sent.
            NotYetError: the account's limits leave no room yet (`pace`); when to try again.
        """
        now = self._clock()
        wanted = holds.reservation(terms, now)
        pace = terms.get("pace")
        with self._database.write() as connection:
            if pace is not None:
                pacing.check(self._database, connection, pace, now)
            held = self._hold(connection, terms, wanted, now, spare=False)
            row = holds.row_of(terms, wanted)
            return str(entries.draw(self._database, connection, held, row, now))

    def hold(self, **terms: Unpack[Terms]) -> Hold:
        """Reserve a plan's whole ceiling, for calls that draw from it one after the other.

        Raises what `reserve` raises.
        """
        now = self._clock()
        wanted = holds.reservation(terms, now)
        with self._database.write() as connection:
            held = self._hold(connection, terms, wanted, now, spare=True)
        return Hold(held, terms, self._database, self._clock)

    def _hold(
        self,
        connection: Connection,
        terms: Terms,
        wanted: entries.Reservation,
        now: float,
        *,
        spare: bool,
    ) -> int:
        if wanted.ceiling is not None and wanted.currency is not None:
            case = holds.case_of(terms, wanted.currency)
            breach = caps.find_breach(wanted.ceiling, case, self._spending(connection, case, now))
            if breach is not None:
                raise breach.error()
        return entries.hold(self._database, connection, wanted, now, spare=spare)

    def settle(
        self,
        call_id: str,
        usage: Usage,
        cost: Cost,
        seconds: float | None,
        note: str | None = None,
    ) -> None:
        """The endpoint said what was used. Also for a call that was `unknown` until now.

        This and the next three raise `KeyError` where there is no such call, `ValueError`
        where it has ended already, and a plain `KimiqaError` where it cannot be written: the
        call then stays reserved, at its ceiling, and the answer should be kept.
        """
        self._finish(call_id, entries.Outcome("settled", usage, cost, seconds, note))

    def estimate(
        self,
        call_id: str,
        usage: Usage,
        cost: Cost,
        note: str | None = None,
        seconds: float | None = None,
        *,
        final: bool = False,
    ) -> None:
        """Something came back, but not what was used: usage and cost are our own count.

        It may have cost more, so that it weighs its ceiling against the caps, unless the
        endpoint told its `final` usage and the cost can only be too high.
        """
        self._finish(call_id, entries.Outcome("estimated", usage, cost, seconds, note, final))

    def unknown(self, call_id: str, note: str | None = None) -> None:
        """It was sent and no reply came: it counts at its ceiling until more is known."""
        self._finish(call_id, entries.Outcome("unknown", note=note))

    def release(self, call_id: str, note: str | None = None) -> None:
        """It was refused before any work, or never sent: it cost nothing."""
        self._finish(call_id, entries.Outcome("released", note=note))

    def _finish(self, call_id: str, outcome: entries.Outcome) -> None:
        entries.finish(self._database, call_id, outcome)

    def recover(self) -> int:
        """Turn reservations whose time has passed into `unknown`; how many there were."""
        return entries.recover(self._database, self._clock())

    # Caps

    def breach(
        self,
        ceiling: Decimal,
        currency: str,
        budget: Budget,
        max_cost: Decimal | None = None,
        *,
        scope: Scope = NO_SCOPE,
    ) -> Breach | None:
        """The cap that `ceiling` would not fit under just now, without reserving anything."""
        case = caps.Case(currency, budget, max_cost, scope)
        with self._database.read() as connection:
            spent = self._spending(connection, case, self._clock())
            return caps.find_breach(ceiling, case, spent)

    def headroom(
        self,
        currency: str,
        budget: Budget,
        max_cost: Decimal | None = None,
        *,
        scope: Scope = NO_SCOPE,
    ) -> Decimal | None:
        """What the tightest cap leaves for one question just now; None where none binds."""
        case = caps.Case(currency, budget, max_cost, scope)
        with self._database.read() as connection:
            return caps.headroom(case, self._spending(connection, case, self._clock()))

    def spent(self, period: CapName, currency: str = "USD", *, scope: Scope = NO_SCOPE) -> Decimal:
        """What this day or month (or the conversation or label of `scope`) counts for against
        its cap: costs, and the ceilings of calls that are reserved or unknown."""
        case = caps.Case(currency, NO_BUDGET, None, scope)
        with self._database.read() as connection:
            return self._spending(connection, case, self._clock())(period)

    def _spending(self, connection: Connection, case: caps.Case, now: float) -> caps.Spent:
        return lambda cap: entries.spent(self._database, connection, cap, case, now)
