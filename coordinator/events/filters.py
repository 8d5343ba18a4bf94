"""Which events are wanted, and the SQL that finds them fast among a million."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions which all hold; an empty one holds for every event."""

    kinds: tuple[str, ...] = ()
    """Kinds or whole families: `step` means every `step.…`; several are alternatives."""
    actor: str = ""
    subject: str = ""
    """`prompt:7`, exactly."""
    text: str = ""
    """Words that occur in the kind, subject, actor or data."""
    as_of: int | None = None
    """Nothing after this sequence number."""


EVERYTHING = Filter()


def select(
    columns: str, where: Filter, *, after: int, before: int | None, limit: int, newest: bool
) -> tuple[str, list[object]]:
    """SQL and its values for the events between `after` and `before` (both excluded), from the newest or the oldest."""
    conditions, values = ["seq > ?"], list[object]([after])
    last = [bound for bound in (None if before is None else before - 1, where.as_of) if bound is not None]
    if last:
        conditions.append("seq <= ?")
        values.append(min(last))
    for column, wanted in (("actor", where.actor), ("subject", where.subject)):
        if wanted:
            conditions.append(f"{column} = ?")
            values.append(wanted)
    if where.kinds:
        conditions.append("(" + " OR ".join("kind = ? OR kind GLOB ?" for _ in where.kinds) + ")")
        for kind in where.kinds:
            values += [kind, kind.rstrip(".") + ".*"]
    if where.text:
        conditions.append("(kind || ' ' || subject || ' ' || actor || ' ' || data) LIKE ? ESCAPE '\\'")
        values.append("%" + where.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%")
    order = "DESC" if newest else "ASC"
    values.append(limit)
    return f"SELECT {columns} FROM events WHERE {' AND '.join(conditions)} ORDER BY seq {order} LIMIT ?", values
