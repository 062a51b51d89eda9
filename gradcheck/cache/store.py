"""Results on disk: an SQLite database that several runs may use at a time.

In: keys and texts. Out: the texts. Principle: a cache never fails a run. Whatever is wrong with it is told once; then
it is rebuilt where it is corrupt or of another version, and left alone where it is locked, read-only or full.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import astuple
from pathlib import Path
from typing import TypeVar

from gradcheck.cache.sources import Facts, Import
from gradcheck.errors import one_line

DIRECTORY = ".gradcheck_cache"
FILE = "results.sqlite"
VERSION = 1
"""Of the tables and of what stands in them."""

PATIENCE = 1.0
"""Seconds to wait for another process, whose writes take some ms."""

SIZE_LIMIT = 1 << 26
"""Bytes of all results; the ones that were not used for longest are dropped."""

ENTRY_LIMIT = 1 << 23
"""Bytes of one result; a longer one, of witnesses with a million numbers, is not kept."""

SOURCES_LIMIT = 20_000
"""Source files that are remembered; all are forgotten when there are more."""

FRESH = 64
"""Results that count as used just now, so that most lookups write nothing."""

TABLES = """
CREATE TABLE results (key TEXT PRIMARY KEY, text TEXT NOT NULL, size INTEGER NOT NULL, used INTEGER NOT NULL);
CREATE TABLE sources (digest TEXT PRIMARY KEY, facts TEXT NOT NULL);
"""

Warn = Callable[[str], None]
Result = TypeVar("Result")


class Store:
    """The results of one directory.

    Args:
        directory: of the cache; made when something is written.
        warn: gets one line, at most once.
    """

    def __init__(self, directory: Path, warn: Warn) -> None:
        self.path = directory / FILE
        self.warn = warn
        self.connection: sqlite3.Connection | None = None
        self.bypassed = False
        self.told = False

    def read(self, key: str) -> str | None:
        """The text of a key, or None."""
        return self.tried(lambda db: looked_up(db, key), writes=False)

    def write(self, key: str, text: str) -> None:
        """Keep a text."""
        if len(text) <= ENTRY_LIMIT:
            self.tried(lambda db: put(db, key, text), writes=True)

    def forget(self, key: str) -> None:
        """Drop a text that cannot be read."""
        self.tried(lambda db: db.execute("DELETE FROM results WHERE key = ?", (key,)), writes=True)

    def facts(self, digest: str) -> Facts | None:
        """What is known of a source."""
        return self.tried(lambda db: facts_in(db, digest), writes=False)

    def learn(self, facts: MutableMapping[str, Facts]) -> None:
        """Keep what is known of sources, by their digests."""
        if facts:
            self.tried(lambda db: put_facts(db, facts), writes=True)

    def close(self) -> None:
        """Let the database go."""
        if self.connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self.connection.close()
        self.connection = None

    def tried(self, act: Callable[[sqlite3.Connection], Result], writes: bool) -> Result | None:
        """Do something with the database; None where there is none, or it cannot be used."""
        try:
            database = self.opened(writes)
            return act(database) if database else None
        except sqlite3.OperationalError as error:  # locked, read-only, full, no permission
            self.bypass(f"cannot be used ({error})")
        except sqlite3.DatabaseError as error:  # not a database, or not a whole one
            self.rebuild(f"is corrupt ({error})")
        except OSError as error:
            self.bypass(f"cannot be used ({error.strerror})")
        return None

    def opened(self, writes: bool) -> sqlite3.Connection | None:
        """The connection; None while there is no database and nothing to write, or it is bypassed."""
        if self.bypassed or self.connection is not None:
            return None if self.bypassed else self.connection
        if not writes and not self.path.exists():
            return None
        make_directory(self.path.parent)
        self.connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        version = prepare(self.connection)
        if version not in (0, VERSION):
            self.tell(f"is of another version of gradcheck ({version}, not {VERSION}) and is made anew")
        return self.connection

    def rebuild(self, why: str) -> None:
        """Remove a corrupt database; the next write makes a new one. If there is another fault, leave it alone."""
        if self.told:
            self.bypass(why)
            return
        self.tell(f"{why} and is made anew")
        self.close()
        try:
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        except OSError:
            self.bypassed = True

    def bypass(self, why: str) -> None:
        """Go on without a cache."""
        self.tell(f"{why}; going on without it")
        self.close()
        self.bypassed = True

    def tell(self, words: str) -> None:
        """One line, once."""
        if not self.told:
            self.warn(one_line(f"the cache {DIRECTORY}/{FILE} {words}"))
        self.told = True


class Remembered(MutableMapping[str, Facts]):
    """Facts of sources, by their digests, that a store knows; new ones are kept until they are learnt."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.known: dict[str, Facts] = {}
        self.new: dict[str, Facts] = {}

    def __getitem__(self, digest: str) -> Facts:
        if digest not in self.known:
            found = self.store.facts(digest)
            if found is None:
                raise KeyError(digest)
            self.known[digest] = found
        return self.known[digest]

    def __setitem__(self, digest: str, facts: Facts) -> None:
        self.known[digest] = self.new[digest] = facts

    def __delitem__(self, digest: str) -> None:
        del self.known[digest]

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)

    def learn(self) -> None:
        """Give the store what is new."""
        self.store.learn(self.new)
        self.new = {}


def make_directory(directory: Path) -> None:
    """The cache's directory, which git leaves alone."""
    directory.mkdir(exist_ok=True)
    ignored = directory / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", encoding="utf-8")


def prepare(database: sqlite3.Connection) -> int:
    """Make the tables if there are none of this version; gives the version that there was, 0 for none."""
    with contextlib.suppress(sqlite3.OperationalError):  # another process is at it
        database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    if version_of(database) == VERSION:
        return VERSION
    with transaction(database):
        version = version_of(database)  # another process may have been faster
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        if version == VERSION:
            return VERSION
        for name in tables:
            database.execute('DROP TABLE "{}"'.format(name.replace('"', '""')))
        for statement in TABLES.strip().split("\n"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")
    return version or (-1 if tables else 0)


def version_of(database: sqlite3.Connection) -> int:
    """The version that a database says it has."""
    ((version,),) = database.execute("PRAGMA user_version").fetchall()
    return int(version)


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; the only writer meanwhile."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # a full disk has rolled back by itself
            database.execute("ROLLBACK")
        raise
    else:
        database.execute("COMMIT")


def looked_up(database: sqlite3.Connection, key: str) -> str | None:
    """A text, which counts as used."""
    row = database.execute("SELECT text, used, (SELECT max(used) FROM results) FROM results WHERE key = ?", (key,))
    found = row.fetchone()
    if found is None:
        return None
    text, used, newest = found
    if newest - used >= FRESH:
        with contextlib.suppress(sqlite3.OperationalError):  # read-only or locked: it can still be read
            database.execute("UPDATE results SET used = ? WHERE key = ?", (newest + 1, key))
    return str(text)


def put(database: sqlite3.Connection, key: str, text: str) -> None:
    """Keep a text, and drop what is too much."""
    with transaction(database):
        database.execute(
            "INSERT OR REPLACE INTO results SELECT ?, ?, ?, coalesce(max(used), 0) + 1 FROM results",
            (key, text, len(text)),
        )
        database.execute(
            "DELETE FROM results WHERE key IN (SELECT key FROM "
            "(SELECT key, sum(size) OVER (ORDER BY used DESC) AS total FROM results) WHERE total > ?)",
            (SIZE_LIMIT,),
        )


def facts_in(database: sqlite3.Connection, digest: str) -> Facts | None:
    """What is known of a source; None where that is unreadable."""
    row = database.execute("SELECT facts FROM sources WHERE digest = ?", (digest,)).fetchone()
    if row is None:
        return None
    try:
        own, imports, told = json.loads(row[0])
        return Facts(str(own), tuple(Import(level, module, name) for level, module, name in imports), bool(told))
    except (ValueError, TypeError):
        return None


def put_facts(database: sqlite3.Connection, facts: MutableMapping[str, Facts]) -> None:
    """Keep what is known of sources."""
    rows = [(digest, json.dumps(astuple(known))) for digest, known in facts.items()]
    with transaction(database):
        ((count,),) = database.execute("SELECT count(*) FROM sources").fetchall()
        if count + len(rows) > SOURCES_LIMIT:
            database.execute("DELETE FROM sources")
        database.executemany("INSERT OR REPLACE INTO sources VALUES (?, ?)", rows)
