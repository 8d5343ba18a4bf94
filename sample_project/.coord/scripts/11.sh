. "$COORD_ROOT/.coord/scripts/agent.sh"

say "The guide is written as doctest examples, so the test comes with it."
write tests/test_readme.py <<'PY'
import doctest
import unittest
from pathlib import Path


class ReadmeTest(unittest.TestCase):
    def test_every_example_gives_what_it_says(self) -> None:
        text = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
        examples = doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)
        self.assertGreaterEqual(len(examples.examples), 8)
        self.assertEqual(doctest.DocTestRunner().run(examples).failed, 0)

    def test_what_a_user_needs_comes_from_the_package(self) -> None:
        from tokenbucket import Clients, TokenBucket, parse_limit

        self.assertTrue(all(map(callable, (Clients, TokenBucket, parse_limit))))


if __name__ == "__main__":
    unittest.main()
PY
expect_red tests.test_readme
write tokenbucket/__init__.py <<'PY'
"""Rate limiting with token buckets."""

from tokenbucket.bucket import TokenBucket
from tokenbucket.clients import Clients
from tokenbucket.limits import Limit, load_limits, parse_limit
from tokenbucket.store import Store
from tokenbucket.window import SlidingWindow
from tokenbucket.wsgi import RateLimited

__all__ = ["Clients", "Limit", "RateLimited", "SlidingWindow", "Store", "TokenBucket", "load_limits", "parse_limit"]
PY
think Writing
write README.md <<'MD'
# tokenbucket

A rate limiter that fits on a page: tokens flow in at a steady rate up to a capacity, every request takes some out.
Plain Python, nothing to install.

## A limit

Written the way it is said:

    >>> from tokenbucket import Clients, RateLimited, TokenBucket, parse_limit
    >>> limit = parse_limit("120/minute burst 3")
    >>> limit.rate, limit.burst
    (2.0, 3.0)

`load_limits(path)` reads a whole `[limits]` table from a TOML file. To see what a limit does, play with it:
`python3 -m tokenbucket "120/minute burst 3" --requests 6 --every 0.1`.

## A bucket

    >>> bucket = TokenBucket(limit.rate, limit.burst, clock=lambda: 0.0)
    >>> [bucket.allow() for _ in range(4)]
    [True, True, True, False]
    >>> bucket.retry_after()
    0.5

## One per client

Bounded in memory; who was idle for longest is forgotten first.

    >>> clients = Clients(lambda: TokenBucket(limit.rate, limit.burst, clock=lambda: 0.0), max_clients=10_000)
    >>> clients.allow("alice", 3), clients.allow("alice"), clients.allow("bob")
    (True, False, True)

`Store` keeps the buckets in SQLite, for several processes and across restarts. `SlidingWindow` counts "so many in any
minute" where that is what was promised.

## In front of a web application

    >>> def application(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [b"hello"]
    >>> limited = RateLimited(application, lambda environ: bucket)
    >>> limited({}, lambda status, headers: print(status, dict(headers)["Retry-After"]))
    429 Too Many Requests 1
    [b'']

## Tests and numbers

`python3 -m unittest` runs the tests, this page's examples among them; `python3 -m benchmarks.compare` shows the cost.
MD
expect_green
commit "Write the guide, and run its examples"
coord agent done \
    --summary "The README guides through limits, buckets, clients and middleware; its examples run with the tests." \
    --validation "python3 -m unittest: green"
