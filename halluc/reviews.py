"""What people say of findings, kept in a database: SQLite by default, PostgreSQL by its URL."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import msgspec
import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite

from halluc.errors import InputError
from halluc.records import Finding

Judgement = Literal["right", "truth wrong", "rule wrong", "unverifiable", "missed"]
JUDGEMENTS: tuple[Judgement, ...] = get_args(Judgement)
GOLD = "gold"
"""The reviewer whose judgements are known answers: they decide, and others are held to them."""
_LONGEST = {"reviewer": 80, "note": 4000}

_META = sql.MetaData()
_TABLE = sql.Table(
    "reviews",
    _META,
    sql.Column("run", sql.String(16), primary_key=True),
    # A hash, as ids and claims may be longer than a database's index allows.
    sql.Column("claim", sql.String(64), primary_key=True),
    sql.Column("reviewer", sql.String(80), primary_key=True),
    sql.Column("judgement", sql.String(16), nullable=False),
    sql.Column("note", sql.Text, nullable=False),
    sql.Column("finding", sql.Text, nullable=False),
    sql.Column("at", sql.String(32), nullable=False),
)
_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class Review:
    """What one person says of one finding.

    Attributes:
        finding: as it was when it was reviewed.
        reviewer: who.
        judgement: the finding is right; the ground truth is wrong; the rule is (the text does
            not claim that, or it may not be decided so); the picture leaves it unverifiable; or the
            metric missed it, and the finding is the reviewer's own.
        note: why.
        at: when, UTC, ISO 8601.
    """

    finding: Finding
    reviewer: str
    judgement: Judgement
    note: str = ""
    at: str = ""


def claim_key(finding: Finding) -> str:
    """Tells a finding from the others of its run, also after the run is scored again."""
    told = (finding.id, finding.metric, finding.claim)
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def decided(reviews: Iterable[Review]) -> dict[str, Judgement]:
    """What most reviewers say of each finding, by its key; left out where they are divided.

    A judgement of `GOLD` decides alone.
    """
    votes: dict[str, Counter[Judgement]] = defaultdict(Counter)
    found: dict[str, Judgement] = {}
    for each in reviews:
        key = claim_key(each.finding)
        votes[key][each.judgement] += 1
        if person(each.reviewer) == GOLD:
            found[key] = each.judgement
    for key, counter in votes.items():
        (first, most), *others = counter.most_common()
        if key not in found and (not others or others[0][1] < most):
            found[key] = first
    return found


class Reviews:
    """The reviews in a database. Each reviewer has one of a finding, and the last one counts.

    Args:
        place: a file of SQLite, or a URL as SQLAlchemy writes it: ``postgresql+psycopg://…``.

    Raises:
        InputError: there is no such database.
    """

    def __init__(self, place: str) -> None:
        parsed = _url(place)
        try:
            if parsed.get_backend_name() not in _INSERT:
                kind = parsed.drivername
                raise InputError(f"reviews are kept in SQLite or PostgreSQL, not in {kind!r}")
            settings = {"timeout": 30} if parsed.get_backend_name() == "sqlite" else {}
            self._engine = sql.create_engine(parsed, connect_args=settings, pool_pre_ping=True)
            with self._engine.begin() as connection:
                if self._engine.dialect.name == "postgresql":  # two may come first at once
                    connection.execute(sql.text("SELECT pg_advisory_xact_lock(7240317)"))
                _META.create_all(connection)
        except sql.exc.OperationalError as error:
            if "already exists" not in str(error.orig):  # SQLite, made by another just now
                raise InputError(_why(parsed, error)) from None
        except (sql.exc.SQLAlchemyError, ImportError, ValueError) as error:
            raise InputError(_why(parsed, error)) from None

    def file(self, run: str, review: Review) -> None:
        """Keep a review, in place of the same person's earlier one.

        Args:
            run: key of the run, see `Columns.key`.
            review: `at` is set here.

        Raises:
            InputError: no name, too long a text, or the database cannot be written.
        """
        reviewer = " ".join(unicodedata.normalize("NFKC", review.reviewer).split())
        note = review.note.strip()
        if not reviewer:
            raise InputError("a review needs its reviewer's name")
        for name, text in (("reviewer", reviewer), ("note", note)):
            if len(text) > _LONGEST[name] or "\0" in text:
                raise InputError(f"the {name} may have {_LONGEST[name]} characters, and no NUL")
        if review.judgement not in JUDGEMENTS:
            raise InputError(f"a judgement is one of {', '.join(JUDGEMENTS)}")
        row = {
            "run": run,
            "claim": claim_key(review.finding),
            "reviewer": reviewer,
            "judgement": review.judgement,
            "note": note,
            "finding": msgspec.json.encode(review.finding).decode(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        make: Any = _INSERT[self._engine.dialect.name](_TABLE)
        keys = [column.name for column in _TABLE.primary_key]
        fresh = {name: each for name, each in row.items() if name not in keys}
        same = sql.select(_TABLE.c.reviewer).where(
            _TABLE.c.run == run, _TABLE.c.claim == row["claim"]
        )
        try:
            with self._engine.connect() as connection:
                earlier = connection.execute(same).scalars().all()
            spelled = next((e for e in earlier if person(e) == person(reviewer)), reviewer)
            with self._engine.begin() as connection:
                insert = make.values({**row, "reviewer": spelled})
                connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=fresh))
        except sql.exc.SQLAlchemyError as error:
            raise InputError(_why(self._engine.url, error)) from None

    def withdraw(self, run: str, finding: Finding, reviewer: str) -> None:
        """Take a person's review of a finding back; nothing happens where there is none.

        Raises:
            InputError: the database cannot be written.
        """
        same = sql.and_(_TABLE.c.run == run, _TABLE.c.claim == claim_key(finding))
        try:
            with self._engine.begin() as connection:
                names = connection.execute(sql.select(_TABLE.c.reviewer).where(same)).scalars()
                mine = [each for each in names if person(each) == person(reviewer)]
                connection.execute(sql.delete(_TABLE).where(same, _TABLE.c.reviewer.in_(mine)))
        except sql.exc.SQLAlchemyError as error:
            raise InputError(_why(self._engine.url, error)) from None

    def of_run(self, run: str) -> list[Review]:
        """The reviews of a run, oldest first; a person has one name, and one review of a finding.

        Raises:
            InputError: the database cannot be read.
        """
        wanted = sql.select(_TABLE).where(_TABLE.c.run == run)
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(wanted.order_by(_TABLE.c.at, _TABLE.c.claim)).all()
        except sql.exc.SQLAlchemyError as error:
            raise InputError(_why(self._engine.url, error)) from None
        names: dict[str, str] = {}
        latest = {(row.claim, person(row.reviewer)): row for row in rows}
        return [
            Review(
                msgspec.json.decode(row.finding, type=Finding),
                names.setdefault(person, row.reviewer), row.judgement, row.note, row.at,
            )
            for (_, person), row in latest.items()
        ]  # fmt: skip

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()


def _url(place: str) -> sql.URL:
    """A file of SQLite or a URL; in a path, "?" and "%" mean nothing."""
    if "://" not in place:
        return sql.URL.create("sqlite", database=place)
    try:
        return sql.make_url(place)
    except (sql.exc.ArgumentError, ValueError):  # not shown, since a password may be in it
        raise InputError("the URL of the reviews is none that SQLAlchemy reads") from None


def person(name: str) -> str:
    """What tells a reviewer from others: a name, however it is typed."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _why(url: sql.URL, error: Exception) -> str:
    """What a database says, without the password or a setting that its URL may hold."""
    place = url.set(query={}).render_as_string(hide_password=True)
    reason = next(iter(str(getattr(error, "orig", None) or error).splitlines()), "it fails")
    for secret in filter(None, (url.password, *map(str, url.query.values()))):
        reason = reason.replace(str(secret), "…")
    return f"reviews in {place}: {reason}"
