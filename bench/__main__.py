"""`python -m bench [NAME…]`: runs the measurements and prints them as one table; exit 1 when one misses its target."""

import importlib
import sys
from pathlib import Path

from bench.report import Row, print_rows

_NOT_MEASURED = {"__init__", "__main__", "report"}


def names() -> list[str]:
    """Every module of this package that measures something."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_MEASURED)


def main(chosen: list[str]) -> int:
    rows: list[Row] = []
    unknown = set(chosen) - set(names())
    if unknown:
        print(f"bench: there is no {', '.join(sorted(unknown))}; there is {', '.join(names())}", file=sys.stderr)
        return 2
    for name in chosen or names():
        print(f"measuring {name} …", file=sys.stderr)
        rows += importlib.import_module(f"bench.{name}").main()
    return 0 if print_rows(rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
