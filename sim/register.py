"""The register of a store: which runs there are, in what state, and who is at work on them.

An SQLite file in its own folder, because it survives being killed at any moment and takes
several writers at once. Whoever works on runs holds a lock that the system takes away when the
process ends, however it ends; runs marked by an owner whose lock is free are pending again.
"""

import fcntl
import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from sim.quantity import Refusal

FORMAT = "sharedgain store 1"
PENDING, RUNNING, DONE, FAILED = "pending", "running", "done", "failed"
REGISTER = "register.sqlite"
OWNERS = ".owners"
PATIENCE = 60.0  # seconds to wait for another writer

SCHEMA = """
create table if not exists facts (name text primary key, value text not null);
create table if not exists scenarios (
    number integer primary key,
    scenario text not null unique,  -- hash of the config without seeds
    experiment text not null,
    choices text not null,
    overrides text not null,  -- as typed
    differences text not null  -- from the first scenario of the store, whose config is a fact
);
create table if not exists keys (number integer primary key, key text not null unique, kind text);
create table if not exists runs (
    number integer primary key,
    run text not null unique,  -- hash of config, seed and code
    scenario integer not null references scenarios (number),
    seed integer not null,
    code text not null,
    status text not null,
    message text not null default '',
    trace text not null default '',
    owner text,
    outcomes text not null default '{}',
    seconds real,
    bytes integer
);
create index if not exists runs_pending on runs (number) where status = 'pending';
create index if not exists runs_of on runs (scenario, code);
"""


class Entry(NamedTuple):
    """A run in the register. `number` tells the order in which runs were asked for."""

    number: int
    run: str
    scenario: int
    seed: int
    code: str
    status: str
    message: str
    outcomes: Mapping[str, float | None]
    seconds: float | None
    bytes: int | None


NOTED = ("scenario", "experiment", "choices", "overrides", "differences")
TEXTS = ("scenario", "experiment")  # the others are JSON
ENTRY = ", ".join(f"runs.{field}" for field in Entry._fields)


class Register:
    """The register in a folder; opened by as many processes as like to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = [place for place in (folder, *folder.absolute().parents) if not place.exists()]
        with refusing(self.folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(folder / REGISTER, timeout=PATIENCE, isolation_level=None)
            self._base.execute("pragma journal_mode = wal")
            self._base.execute("pragma synchronous = normal")
            self._base.execute("pragma temp_store = file")
            self._base.executescript(SCHEMA)
            self._base.execute("create temp table asked (number integer primary key)")
            self._base.execute("create temp table staged (noted text, kinds text, seeds text)")
        self.owner = secrets.token_hex(8)
        self._lock: int | None = None

    def close(self) -> None:
        """Leave the register; runs that are still marked become pending for others."""
        self._base.close()
        if self._lock is not None:
            self._lock_file(self.owner).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def is_empty(self) -> bool:
        """Whether no scenario was ever entered."""
        return self._base.execute("select 1 from scenarios limit 1").fetchone() is None

    def remove(self) -> None:
        """Take the register away, and the folders made for it where they hold nothing else."""
        self.close()
        for path in self.folder.glob(f"{REGISTER}*"):
            path.unlink(missing_ok=True)
        for place in (self.folder / OWNERS, *self._made):
            with suppress(OSError):
                place.rmdir()

    # What is known.

    def fact(self, name: str) -> str | None:
        """Return what was noted under a name."""
        found = self._base.execute("select value from facts where name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def note(self, name: str, value: str) -> str:
        """Note a fact, unless there is one by that name; return the one that holds."""
        with self.changing() as base:
            base.execute("insert or ignore into facts values (?, ?)", (name, value))
        return self.fact(name) or ""

    def count(self) -> dict[str, int]:
        """Return how many of the runs asked for are in which state."""
        found = dict(
            self._base.execute(
                "select status, count(*) from runs join asked using (number) group by status"
            ).fetchall()
        )
        return {status: found.get(status, 0) for status in (PENDING, RUNNING, DONE, FAILED)}

    def keys(self) -> list[tuple[str, str]]:
        """Return keys that any scenario changed, and their kinds, in the order of appearance."""
        found = self._base.execute("select key, kind from keys order by number").fetchall()
        return [(key, kind or "text") for key, kind in found]

    def scenario(self, number: int) -> dict[str, Any]:
        """Return what is noted of a scenario."""
        found = self._base.execute(
            f"select {', '.join(NOTED)} from scenarios where number = ?", (number,)
        ).fetchone()
        return {
            name: text if name in TEXTS else json.loads(text)
            for name, text in zip(NOTED, found, strict=True)
        }

    def entries(self, *, status: str | None = None, asked: bool = False) -> Iterator[Entry]:
        """Yield runs in the order in which they were asked for, few at a time in memory."""
        text = f"select {ENTRY} from runs"
        text += " join asked using (number)" if asked else ""
        text += f" where status = '{status}'" if status else ""
        for row in self._base.execute(f"{text} order by runs.number"):
            yield _entry(row)

    def of_scenario(self, scenario: str, code: str) -> list[Entry]:
        """Return the runs of a scenario under one state of the code, by seed."""
        text = f"select {ENTRY} from runs join scenarios on scenarios.number = runs.scenario"
        text += " where scenarios.scenario = ? and code = ? order by seed"
        return [_entry(row) for row in self._base.execute(text, (scenario, code))]

    def trace(self, number: int) -> str:
        """Return where in the code a run failed."""
        found = self._base.execute("select trace from runs where number = ?", (number,))
        return str(found.fetchone()[0])

    # What changes.

    def stage(
        self, noted: Mapping[str, Any], kinds: Mapping[str, str | None], seeds: Mapping[int, str]
    ) -> None:
        """Prepare a scenario, and its runs by seed, to be entered with all others at once."""
        self._base.execute(
            "insert into staged values (?, ?, ?)",
            [json.dumps(part) for part in (noted, kinds, seeds)],
        )

    def enter(self, code: str) -> None:
        """Enter as pending what is staged, and ask for it; what is there stays as it is."""
        with self.changing() as base:
            for row in base.execute("select * from staged order by rowid"):
                noted, kinds, seeds = map(json.loads, row)
                number = self._enter_scenario(noted, kinds)
                base.executemany(
                    "insert or ignore into runs (run, scenario, seed, code, status)"
                    f" values (?, ?, ?, ?, '{PENDING}')",
                    [(run, number, int(seed), code) for seed, run in seeds.items()],
                )
                base.executemany(
                    "insert or ignore into asked select number from runs where run = ?",
                    [(run,) for run in seeds.values()],
                )
        self._base.execute("delete from staged")

    def _enter_scenario(self, noted: Mapping[str, Any], kinds: Mapping[str, str | None]) -> int:
        base = self._base
        base.execute(
            f"insert or ignore into scenarios ({', '.join(NOTED)}) values (?, ?, ?, ?, ?)",
            [noted[name] if name in TEXTS else json.dumps(noted[name]) for name in NOTED],
        )
        for key, kind in kinds.items():
            base.execute("insert or ignore into keys (key, kind) values (?, ?)", (key, kind))
            base.execute(
                "update keys set kind = case when kind is null or kind = :kind then :kind"
                " else 'text' end where key = :key and :kind is not null",
                {"key": key, "kind": kind},
            )
        found = base.execute(
            "select number from scenarios where scenario = ?", (noted["scenario"],)
        ).fetchone()
        return int(found[0])

    def claim(self, most: int) -> list[Entry]:
        """Mark up to so many pending runs that are asked for as being worked on here."""
        self._hold()
        with self.changing() as base:
            found = base.execute(
                f"select {ENTRY} from runs where status = '{PENDING}' "
                "and number in (select number from asked) order by runs.number limit ?",
                (most,),
            ).fetchall()
            base.executemany(
                f"update runs set status = '{RUNNING}', owner = ? where number = ?",
                [(self.owner, row[0]) for row in found],
            )
        return [_entry(row) for row in found]

    def done(
        self, number: int, outcomes: Mapping[str, float | None], seconds: float, size: int
    ) -> None:
        """Note that a run of ours is done, and its outcomes."""
        with self.changing() as base:
            base.execute(
                f"update runs set status = '{DONE}', message = '', trace = '', outcomes = ?, "
                "seconds = ?, bytes = ? where number = ?",
                (json.dumps(outcomes, allow_nan=False), seconds, size, number),
            )

    def failed(self, number: int, message: str, trace: str) -> None:
        """Note why a run of ours has failed."""
        with self.changing() as base:
            base.execute(
                f"update runs set status = '{FAILED}', message = ?, trace = ?, outcomes = '{{}}' "
                "where number = ?",
                (message, trace, number),
            )

    def retry(self) -> None:
        """Let the runs asked for that have failed be pending again."""
        self.again(entry.number for entry in list(self.entries(status=FAILED, asked=True)))

    def again_all(self) -> None:
        """Let all runs asked for be pending again that nobody is at work on."""
        with self.changing() as base:
            base.execute(
                f"update runs set status = '{PENDING}', outcomes = '{{}}', message = '', trace = ''"
                f" where status != '{RUNNING}' and number in (select number from asked)"
            )

    def again(self, numbers: Iterable[int]) -> None:
        """Let runs be pending again."""
        with self.changing() as base:
            base.executemany(
                f"update runs set status = '{PENDING}', owner = null, message = '', trace = '', "
                "outcomes = '{}' where number = ?",
                [(number,) for number in numbers],
            )

    def give_back(self) -> None:
        """Let the runs that are marked here be pending again."""
        with self.changing() as base:
            base.execute(
                f"update runs set status = '{PENDING}', owner = null "
                f"where status = '{RUNNING}' and owner = ?",
                (self.owner,),
            )

    def release(self) -> list[str]:
        """Let runs be pending whose owner's process has ended; return these owners."""
        found = self._base.execute("select distinct owner from runs where status = 'running'")
        gone = [owner for (owner,) in found if owner != self.owner and not self._lives(owner)]
        with self.changing() as base:
            for owner in gone:
                base.execute(
                    f"update runs set status = '{PENDING}' "
                    f"where status = '{RUNNING}' and owner = ?",
                    (owner,),
                )
        return gone

    def finished_by(self, owners: Sequence[str]) -> list[Entry]:
        """Return the runs done by owners."""
        marks = ", ".join("?" * len(owners))
        text = f"select {ENTRY} from runs where status = '{DONE}' and owner in ({marks})"
        return [_entry(row) for row in self._base.execute(text, list(owners))]

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Change the register wholly or not at all; other writers wait meanwhile."""
        with refusing(self.folder):
            if self._base.in_transaction:
                yield self._base
                return
            self._base.execute("begin immediate")
            try:
                yield self._base
                self._base.commit()
            except BaseException:
                self._base.rollback()
                raise

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one to write what is made of the register."""
        with refusing(self.folder):
            path = self._lock_file("tables")
            path.parent.mkdir(exist_ok=True)
            handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    # Who is at work.

    def _hold(self) -> None:
        """Take the lock that says that this process lives."""
        if self._lock is None:
            with refusing(self.folder):
                path = self._lock_file(self.owner)
                path.parent.mkdir(exist_ok=True)
                self._lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
                fcntl.flock(self._lock, fcntl.LOCK_EX)

    def _lives(self, owner: str) -> bool:
        """Whether the process of an owner lives; what is left of one that does not is removed."""
        path = self._lock_file(owner)
        try:
            handle = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            path.unlink(missing_ok=True)
            return False
        finally:
            os.close(handle)

    def _lock_file(self, owner: str) -> Path:
        return self.folder / OWNERS / owner


@contextmanager
def refusing(folder: Path) -> Iterator[None]:
    """Say in words what the disk refuses to a store."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Refusal(
            f"out={folder}: the store cannot be written ({reason}). What was done is safe. Make "
            "room on the disk or change the rights there, then start the same command again: it "
            "goes on where it stopped."
        ) from error


def _entry(row: Sequence[Any]) -> Entry:
    found = Entry(*row)
    return found._replace(outcomes=json.loads(str(found.outcomes)))
