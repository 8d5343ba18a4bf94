"""How a measurement is reported: beside the floor that the machine itself sets. Ratios travel, times do not."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement."""

    name: str
    value: float
    unit: str
    """`ms`, `/s`, …; of `value`, `floor` and `target_value`."""
    floor_name: str = ""
    """What the floor is: the least that any program could take here."""
    floor: float | None = None
    target_ratio: float | None = None
    """At most so many times the floor."""
    target_value: float | None = None
    """At most this; for a rate (`/s`) at least."""

    @property
    def ratio(self) -> float | None:
        """How many times the floor it is; for a rate, how many times slower."""
        if not self.floor or not self.value:
            return None
        return self.floor / self.value if self.is_rate else self.value / self.floor

    @property
    def is_rate(self) -> bool:
        return self.unit.endswith("/s")

    @property
    def ok(self) -> bool:
        if self.target_ratio is not None and (self.ratio is None or self.ratio > self.target_ratio):
            return False
        if self.target_value is None:
            return True
        return self.value >= self.target_value if self.is_rate else self.value <= self.target_value


def print_rows(rows: Iterable[Row]) -> bool:
    """Print the measurements as a table; False when one misses its target."""
    rows = list(rows)
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        aimed = row.target_ratio is not None or row.target_value is not None
        verdict = "" if not aimed else "ok" if row.ok else "over"
        print(f"{row.name:<{width}}  {_number(row.value):>9} {row.unit:<5}{_against(row):<60}{verdict}")
    return all(row.ok for row in rows)


def _against(row: Row) -> str:
    parts = []
    if row.ratio is not None:
        limit = f" (at most {row.target_ratio:g}×)" if row.target_ratio is not None else ""
        parts.append(f"{row.ratio:.1f}× {row.floor_name}{limit}")
    if row.target_value is not None:
        parts.append(f"{'at least' if row.is_rate else 'at most'} {_number(row.target_value)}")
    return ", ".join(parts)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
