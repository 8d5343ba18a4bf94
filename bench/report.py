"""How a measurement is reported: beside the floor that the machine itself sets. Ratios travel, times do not."""

from collections.abc import Iterable
from itertools import zip_longest
from textwrap import wrap

from coordinator.lazy.dataclass import dataclass

_WIDTHS = (44, 12, 26, 9, 4)
"""Columns of the table, a blank between them: with these it is readable on a terminal of 100."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement."""

    name: str
    value: float
    unit: str
    """`ms`, `/s`, …; of `value`, `floor` and `target_value`."""
    floor_name: str = ""
    """What the floor is: the least that any program could take here, or the naive way."""
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

    @property
    def aimed(self) -> bool:
        """There is a target."""
        return self.target_ratio is not None or self.target_value is not None


def print_rows(rows: Iterable[Row]) -> None:
    """Print the measurements as a table."""
    for row in rows:
        verdict = "" if not row.aimed else "ok" if row.ok else "over"
        cells = (row.name, f"{_number(row.value)} {row.unit}", _beside(row), _target(row), verdict)
        _print_line(cells)


def _print_line(cells: tuple[str, ...]) -> None:
    """Cells side by side, each broken into as many lines as it needs; values stand at the right."""
    broken = [wrap(cell, width) for cell, width in zip(cells, _WIDTHS, strict=True)]
    for parts in zip_longest(*broken, fillvalue=""):
        name, value, *rest = (part.ljust(width) for part, width in zip(parts, _WIDTHS, strict=True))
        print(" ".join((name, value.strip().rjust(len(value)), *rest)).rstrip())


def _beside(row: Row) -> str:
    if row.ratio is None:
        return ""
    times = f"{row.ratio:.1f}" if row.ratio >= 0.95 else f"{row.ratio:.2g}"
    return f"{times}× {row.floor_name}"


def _target(row: Row) -> str:
    parts = []
    if row.target_ratio is not None:
        parts.append(f"≤ {row.target_ratio:g}×")
    if row.target_value is not None:
        parts.append(f"{'≥' if row.is_rate else '≤'} {_number(row.target_value)}")
    return " ".join(parts)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
