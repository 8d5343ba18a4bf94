"""Which events are wanted, and the SQL that finds them fast among a million.

Without statistics SQLite would sort half the log to find the newest ten of a frequent kind. So each question is put in
a form that an index answers in the order of `seq`, and that stops at the limit:

- kinds alone: the newest of each kind by its index, merged;
- an actor or a subject: its index, whose entries are in order already;
- text: the trigram index for what it covers, a plain scan for the few events after that. Both find the same, and the
  scan alone does where there is no index: every word, as a part of a word, anywhere in kind, subject, actor or data.
"""

import json
import re
from collections.abc import Iterable

from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import NamedTuple
from coordinator.model.text import plain

COLUMNS = "seq, id, ts, run, iteration, actor_kind, actor, kind, subject, data, prev_hash, hash"
_LONGEST_TEXT = 1000
_ESCAPED_IN_JSON = r'["\\\x00-\x1f\ud800-\udfff]'

Query = tuple[str, list[object]]


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions which all hold; an empty one holds for every event."""

    kinds: tuple[str, ...] = ()
    """Kinds or whole families: `step` means every `step.…`; several are alternatives."""
    actor: str = ""
    subject: str = ""
    """`prompt:7`, exactly."""
    text: str = ""
    """Words, each of which occurs in the kind, subject, actor or data; ASCII letters in either case."""
    as_of: int | None = None
    """Nothing after this sequence number."""


EVERYTHING = Filter()


class Window(NamedTuple):  # made in a tenth of a dataclass's time, which every command would pay
    """Where to look, and how far."""

    after: int
    until: int | None
    """Included."""
    limit: int
    newest: bool
    """From the newest backwards, instead of from the oldest on."""

    @property
    def order(self) -> str:
        return "DESC" if self.newest else "ASC"


def window(where: Filter, *, after: int = 0, before: int | None = None, limit: int, newest: bool) -> Window:
    """The part of the log between `after` and `before` (both excluded) that a filter does not rule out."""
    ends = [_fitting(end) for end in (None if before is None else before - 1, where.as_of) if end is not None]
    return Window(_fitting(after), min(ends, default=None), max(0, _fitting(limit)), newest)


def _fitting(number: int) -> int:
    """SQLite counts in 64 bits; no log gets there."""
    return max(-(1 << 62), min(number, 1 << 62))


def matching_kinds(wanted: Iterable[str], present: Iterable[str]) -> tuple[str, ...]:
    """Those kinds of the log that are wanted, alone or by their family."""
    families = tuple(kind.rstrip(".") + "." for kind in wanted)
    return tuple(kind for kind in present if (kind + ".").startswith(families))


def queries(where: Filter, part: Window, kinds: tuple[str, ...], indexed: int) -> list[Query]:
    """What to ask, one after the other, until there are as many rows as wanted.

    `kinds` are the wanted kinds that the log has (all, if none are asked for); the text index covers the first
    `indexed` events.
    """
    if where.kinds and not kinds:
        return []
    conditions, values = _conditions(where, kinds)
    if not where.text:
        if kinds and not (where.actor or where.subject):
            return [_merged(kinds, part)]
        return [_scan(conditions, values, part)]
    pieces = _pieces(where.text)
    if not indexed or not pieces:
        return [_scan(conditions, values, part)]
    old_end = indexed if part.until is None else min(indexed, part.until)
    old = _by_text(pieces, conditions, values, Window(part.after, old_end, part.limit, part.newest))
    new = _scan(conditions, values, Window(max(part.after, indexed), part.until, part.limit, part.newest))
    return [new, old] if part.newest else [old, new]


def _conditions(where: Filter, kinds: tuple[str, ...]) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    values: list[object] = []
    for column, wanted in (("actor", where.actor), ("subject", where.subject)):
        if wanted:
            conditions.append(f"{column} = ?")
            values.append(plain(wanted))  # as the store writes it
    if kinds:
        conditions.append(f"+kind IN ({', '.join('?' * len(kinds))})")  # +: this index is the wrong one here
        values += kinds
    for word in where.text[:_LONGEST_TEXT].split():
        conditions.append(
            "(kind || ' ' || subject || ' ' || actor LIKE ? ESCAPE '\\' OR data LIKE ? ESCAPE '\\')",
        )
        values += [_like(word), _like(json.dumps(word, ensure_ascii=False)[1:-1])]
    return conditions, values


def _scan(conditions: list[str], values: list[object], part: Window) -> Query:
    bounds, ends = _bounds("seq", part)
    sql = f"SELECT {COLUMNS} FROM events WHERE {' AND '.join([bounds, *conditions])} ORDER BY seq {part.order} LIMIT ?"
    return sql, [*ends, *values, part.limit]


def _merged(kinds: tuple[str, ...], part: Window) -> Query:
    bounds, ends = _bounds("seq", part)
    one = f"SELECT seq FROM (SELECT seq FROM events WHERE kind = ? AND {bounds} ORDER BY seq {part.order} LIMIT ?)"
    each = " UNION ALL ".join([one] * len(kinds))
    sql = f"SELECT {COLUMNS} FROM events WHERE seq IN ({each}) ORDER BY seq {part.order} LIMIT ?"
    return sql, [value for kind in kinds for value in (kind, *ends, part.limit)] + [part.limit]


def _by_text(pieces: list[str], conditions: list[str], values: list[object], part: Window) -> Query:
    bounds, ends = _bounds("events_fts.rowid", part)
    columns = ", ".join(f"events.{column}" for column in COLUMNS.split(", "))
    own = [re.sub(r"\b(kind|subject|actor|data)\b", r"events.\1", condition) for condition in conditions]
    sql = (
        f"SELECT {columns} FROM events_fts CROSS JOIN events ON events.seq = events_fts.rowid"
        f" WHERE events_fts MATCH ? AND {' AND '.join([bounds, *own])} ORDER BY events_fts.rowid {part.order} LIMIT ?"
    )
    quoted = ('"' + piece + '"' for piece in pieces)
    return sql, [" AND ".join(quoted), *ends, *values, part.limit]


def _bounds(column: str, part: Window) -> tuple[str, list[object]]:
    if part.until is None:
        return f"{column} > ?", [part.after]
    return f"{column} > ? AND {column} <= ?", [part.after, part.until]


def _pieces(text: str) -> list[str]:
    """Parts of words that the index can find: three characters or more, none of which JSON writes in another way."""
    pieces = (piece for word in text[:_LONGEST_TEXT].split() for piece in re.split(_ESCAPED_IN_JSON, word))
    return [piece for piece in pieces if len(piece) >= 3]


def _like(word: str) -> str:
    safe = word.encode("utf-8", "backslashreplace").decode()  # as the store writes what is not Unicode
    safe = safe.replace("\0", "\1")  # a NUL ends the pattern, and neither is in what the store writes
    return "%" + safe.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
