. "$COORD_ROOT/.coord/scripts/agent.sh"

say "I'll pin the format down in tests first: what is a limit, and what is not."
write tests/test_limits.py <<'PY'
import tempfile
import unittest
from pathlib import Path

from tokenbucket.limits import Limit, load_limits, parse_limit


class ParseLimitTest(unittest.TestCase):
    def test_reads_count_unit_and_burst(self) -> None:
        limit = parse_limit("100/minute burst 20")
        self.assertAlmostEqual(limit.rate, 1.6667, places=4)
        self.assertEqual(limit.burst, 20)

    def test_the_burst_is_the_count_unless_given(self) -> None:
        self.assertEqual(parse_limit("5/second"), Limit(rate=5.0, burst=5.0))

    def test_refuses_what_is_no_limit_and_shows_one(self) -> None:
        for text in ("0/second", "5/fortnight", "5 per second", "", "5/second burst 0"):
            with self.subTest(text), self.assertRaisesRegex(ValueError, "100/minute burst 20"):
                parse_limit(text)


class LoadLimitsTest(unittest.TestCase):
    def load(self, text: str) -> dict[str, Limit]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "limits.toml")
            path.write_text(text, encoding="utf-8")
            return load_limits(path)

    def test_reads_the_limits_table(self) -> None:
        limits = self.load('[limits]\ndefault = "5/second"\nsearch = "1/hour burst 2"\n')
        self.assertEqual(limits["search"], Limit(rate=1 / 3600, burst=2.0))

    def test_an_error_names_the_file_and_the_limit(self) -> None:
        with self.assertRaisesRegex(ValueError, "limits.toml.*search"):
            self.load('[limits]\nsearch = "often"\n')


if __name__ == "__main__":
    unittest.main()
PY
expect_red tests.test_limits
think Implementing
write tokenbucket/limits.py <<'PY'
"""Limits as people write them: `5/second`, `100/minute burst 20`."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_LIMIT = re.compile(r"\s*(\d+)\s*/\s*(second|minute|hour|day)(?:\s+burst\s+(\d+))?\s*", re.ASCII)


@dataclass(frozen=True)
class Limit:
    rate: float
    """Tokens a second."""
    burst: float
    """Tokens that may be taken at once."""


def parse_limit(text: str) -> Limit:
    """Read a limit; ValueError says how one is written."""
    match = _LIMIT.fullmatch(text)
    count, unit, burst = match.groups() if match else ("0", "second", None)
    if int(count) == 0 or int(burst or count) == 0:
        raise ValueError(f"{text!r} is no limit; one is written like '100/minute burst 20'")
    return Limit(rate=int(count) / _SECONDS[unit], burst=float(burst or count))


def load_limits(path: Path) -> dict[str, Limit]:
    """Read the `[limits]` table of a TOML file; ValueError names the file and the limit."""
    limits = {}
    for name, text in tomllib.loads(path.read_text(encoding="utf-8")).get("limits", {}).items():
        try:
            limits[name] = parse_limit(str(text))
        except ValueError as error:
            raise ValueError(f"{path}: limit {name!r}: {error}") from None
    return limits
PY
expect_green
commit "Read limits as people write them"
coord agent done \
    --summary "Limits are parsed from '100/minute burst 20' and loaded from the [limits] table of a TOML file." \
    --decision "Counts are whole numbers: nobody asked for 2.5 requests." \
    --validation "python3 -m unittest: green"
