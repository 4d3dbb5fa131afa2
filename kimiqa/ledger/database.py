"""The door to the database: short transactions, and failures said in plain words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kimiqa.errors import KimiqaError, LedgerError
from kimiqa.ledger import schema, sqlite
from kimiqa.saying import Said, joined, say


class Database:
    """One engine. Writes of this process take turns here; those of others wait at the file."""

    def __init__(
        self,
        engine: sa.Engine,
        where: str,
        *,
        shared_connection: bool = False,
        explain: Callable[[str], tuple[Said, Said]] = sqlite.explain,
    ) -> None:
        self._readers = engine
        self._writers = engine.execution_options(writes=True)
        self._turn = threading.RLock()
        self._reading: AbstractContextManager[object] = (
            self._turn if shared_connection else nullcontext()
        )
        self._explain: Callable[[str], tuple[Said, Said]] = explain
        self.where = where
        self.tables = schema

    @classmethod
    def open(cls, place: Path | str | None) -> Database:
        """The database in a folder, at a URL, or in memory, with its tables up to date.

        Raises:
            LedgerError: the folder, the file or the server may not be opened, or is no ledger.
        """
        database = cls._at(place)
        try:
            database._migrate()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def _at(cls, place: Path | str | None) -> Database:
        if place is None:
            return cls._memory()
        return cls._server(place) if isinstance(place, str) else cls._file(place)

    @classmethod
    def _server(cls, address: str) -> Database:
        from kimiqa.ledger import postgres  # here, for a file needs none of it

        engine, where = postgres.engine(address)
        return cls(engine, where, explain=postgres.explain)

    @classmethod
    def _memory(cls) -> Database:
        return cls(sqlite.memory_engine(), "in memory", shared_connection=True)

    @classmethod
    def _file(cls, home: Path) -> Database:
        path = home / "ledger.db"
        try:
            home.mkdir(parents=True, exist_ok=True)
            engine = sqlite.file_engine(path)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise LedgerError(
                say(
                    "The ledger {path} cannot be made: {why}. Nothing was sent.", path=path, why=why
                ),
                "Choose a folder you may write to with KIMIQA_HOME or --home.",
            ) from error
        return cls(engine, str(path))

    def _migrate(self) -> None:
        """Look before writing: an up-to-date ledger opens where it can only be read."""
        with self.read() as connection:
            found = schema.stored_version(connection)
        if found == schema.VERSION:
            return
        with self.write() as connection:
            schema.migrate(connection, self.where)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that reads.

        Raises:
            LedgerError: the database cannot be read.
        """
        try:
            with self._reading, self._readers.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise self._failure(error, "read", None) from error

    @contextmanager
    def write(self, aftermath: Said | None = None) -> Iterator[sa.Connection]:
        """A transaction that writes, committed when the block ends.

        Raises:
            LedgerError: the database cannot be written, and nothing was sent; or, where
                `aftermath` says what became of a call that *was* sent, a plain `KimiqaError`.
        """
        try:
            with self._turn, self._writers.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise self._failure(error, "written", aftermath) from error

    def _failure(self, error: DBAPIError, verb: str, aftermath: Said | None) -> KimiqaError:
        why, hint = self._explain(str(error.orig))
        message = (
            say("The ledger {where} cannot be read: {why}.", where=self.where, why=why)
            if verb == "read"
            else say("The ledger {where} cannot be written: {why}.", where=self.where, why=why)
        )
        if aftermath is None:
            return LedgerError(joined([message, say("Nothing was sent.")]), hint)
        return KimiqaError(joined([message, aftermath]), hint)

    def close(self) -> None:
        self._readers.dispose()
