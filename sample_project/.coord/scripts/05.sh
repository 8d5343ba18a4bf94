. "$COORD_ROOT/.coord/scripts/agent.sh"

say "The middleware is thin: one bucket a request, four headers. Tests with a recording application first."
write tests/test_wsgi.py <<'PY'
import unittest

from tests.clock import Clock
from tokenbucket.bucket import TokenBucket
from tokenbucket.wsgi import RateLimited


class RateLimitedTest(unittest.TestCase):
    def setUp(self) -> None:
        self.reached = 0
        bucket = TokenBucket(rate=0.4, capacity=2, clock=Clock())
        self.app = RateLimited(self.application, lambda environ: bucket)

    def application(self, environ, start_response):
        self.reached += 1
        start_response("200 OK", [("X-App", "yes")])
        return [b"hello"]

    def request(self) -> tuple[str, dict[str, str], bytes]:
        seen = []
        body = b"".join(self.app({}, lambda status, headers, *rest: seen.extend((status, dict(headers)))))
        return seen[0], seen[1], body

    def test_an_allowed_request_reaches_the_application(self) -> None:
        status, headers, body = self.request()
        self.assertEqual((status, body, headers["X-App"]), ("200 OK", b"hello", "yes"))
        self.assertEqual((headers["RateLimit-Limit"], headers["RateLimit-Remaining"]), ("2", "1"))

    def test_a_refused_request_does_not(self) -> None:
        for _ in range(3):
            status, headers, _ = self.request()
        self.assertEqual((status, self.reached), ("429 Too Many Requests", 2))
        self.assertEqual(headers["RateLimit-Remaining"], "0")

    def test_retry_after_is_whole_seconds_rounded_up(self) -> None:
        for _ in range(3):
            _, headers, _ = self.request()
        self.assertEqual(headers["Retry-After"], "3")  # one token takes 2.5 s


if __name__ == "__main__":
    unittest.main()
PY
expect_red tests.test_wsgi
think Implementing
write tokenbucket/wsgi.py <<'PY'
"""WSGI middleware: refuses what is too fast with a 429, and tells every client where it stands."""

import math
from collections.abc import Callable, Iterable
from typing import Any

from tokenbucket.bucket import TokenBucket

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class RateLimited:
    """Wraps an application; `bucket_for(environ)` gives the bucket that a request takes from."""

    def __init__(self, app: Application, bucket_for: Callable[[dict[str, Any]], TokenBucket]) -> None:
        self._app = app
        self._bucket_for = bucket_for

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        bucket = self._bucket_for(environ)
        allowed = bucket.allow()
        standing = [
            ("RateLimit-Limit", str(math.floor(bucket.capacity))),
            ("RateLimit-Remaining", str(max(0, math.floor(bucket.tokens)))),
        ]
        if not allowed:
            wait = max(1, math.ceil(bucket.retry_after()))
            start_response("429 Too Many Requests", [*standing, ("Retry-After", str(wait))])
            return [b""]

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, *standing], *rest)

        return self._app(environ, start)
PY
expect_green
commit "Tell HTTP clients where they stand"
coord agent done \
    --summary "RateLimited is WSGI middleware: 429 with Retry-After for what is too fast, RateLimit headers on everything." \
    --validation "python3 -m unittest: green"
