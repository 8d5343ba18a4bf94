"""`python -m bench [NAME…]`: runs the measurements and prints them as one table. To miss a target is no failure."""

import importlib
import sys
from pathlib import Path

from bench.report import Row, print_rows

_NOT_MEASURED = {"__init__", "__main__", "graph_demo", "painted", "report", "stage", "trivial", "wall"}


def names() -> list[str]:
    """Every module of this package that measures something."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_MEASURED)


def main(chosen: list[str]) -> int:
    """Measure what was chosen, or everything; 2 for a name that is not there, otherwise 0."""
    unknown = set(chosen) - set(names())
    if unknown:
        print(f"bench: there is no {', '.join(sorted(unknown))}; there is {', '.join(names())}", file=sys.stderr)
        return 2
    measured: dict[str, list[Row]] = {}
    for name in chosen or names():
        print(f"measuring {name} …", file=sys.stderr)
        measured[name] = importlib.import_module(f"bench.{name}").main()
    for name, rows in measured.items():
        print(f"\n{name}")
        print_rows(rows)
    _print_summary([row for rows in measured.values() for row in rows if row.aimed])
    return 0


def _print_summary(aimed: list[Row]) -> None:
    over = [row.name for row in aimed if not row.ok]
    print(f"\n{len(aimed) - len(over)} of {len(aimed)} targets met" + (f"; over: {'; '.join(over)}" if over else ""))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
