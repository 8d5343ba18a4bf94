. "$COORD_ROOT/.coord/scripts/agent.sh"

say "A simulated clock keeps it instant: the command moves time itself, and never sleeps."
write tests/test_command.py <<'PY'
import contextlib
import io
import unittest

from tokenbucket.command import main


class CommandTest(unittest.TestCase):
    def run_main(self, *arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(arguments)
        return code, out.getvalue(), err.getvalue()

    def test_plays_requests_against_a_limit(self) -> None:
        code, out, _ = self.run_main("2/second", "--requests", "5", "--every", "0.1")
        self.assertEqual(code, 0)
        self.assertEqual([line.split()[1].rstrip(",") for line in out.splitlines()], ["allowed"] * 2 + ["refused"] * 3)

    def test_tells_when_to_come_back(self) -> None:
        _, out, _ = self.run_main("1/second", "--requests", "2", "--every", "0.25")
        self.assertEqual(out.splitlines()[1], "0.250s refused, again in 0.750s")

    def test_a_malformed_limit_is_one_line_and_exit_code_2(self) -> None:
        code, out, err = self.run_main("often")
        self.assertEqual((code, out, err.count("\n")), (2, "", 1))


if __name__ == "__main__":
    unittest.main()
PY
expect_red tests.test_command
write tokenbucket/command.py <<'PY'
"""Try a limit from the command line, on a clock that needs no waiting."""

import argparse
import sys
from collections.abc import Sequence

from tokenbucket.bucket import TokenBucket
from tokenbucket.limits import parse_limit


def main(arguments: Sequence[str] | None = None) -> int:
    """Play requests against a limit, a line each; 2 when the limit is malformed."""
    parser = argparse.ArgumentParser(prog="tokenbucket", description="See what a rate limit does.")
    parser.add_argument("limit", help="for example '100/minute burst 20'")
    parser.add_argument("--requests", type=int, default=10)
    parser.add_argument("--every", type=float, default=0.1, metavar="SECONDS")
    options = parser.parse_args(arguments)
    try:
        limit = parse_limit(options.limit)
    except ValueError as error:
        print(f"tokenbucket: {error}", file=sys.stderr)
        return 2
    now = 0.0
    bucket = TokenBucket(limit.rate, limit.burst, clock=lambda: now)
    for request in range(options.requests):
        now = request * options.every
        verdict = "allowed" if bucket.allow() else f"refused, again in {bucket.retry_after():.3f}s"
        print(f"{now:.3f}s {verdict}")
    return 0
PY
write tokenbucket/__main__.py <<'PY'
from tokenbucket.command import main

raise SystemExit(main())
PY
expect_green
run python3 -m tokenbucket "2/second" --requests 4 --every 0.1
commit "Try a limit from the command line"
coord agent done \
    --summary "python3 -m tokenbucket LIMIT plays requests against a limit on a simulated clock." \
    --validation "python3 -m unittest: green" \
    --validation "the example of the acceptance criteria prints two allowed and three refused requests"
