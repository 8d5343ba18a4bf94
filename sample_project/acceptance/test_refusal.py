"""A refused client is told when to come back."""

import unittest

from tests.clock import Clock
from tokenbucket.bucket import TokenBucket
from tokenbucket.wsgi import RateLimited


class RefusalTest(unittest.TestCase):
    def test_who_waits_as_long_as_told_is_let_in(self) -> None:
        clock, seen = Clock(), []
        bucket = TokenBucket(rate=0.5, capacity=1, clock=clock)
        app = RateLimited(lambda environ, start: start("200 OK", []) or [b""], lambda environ: bucket)

        def ask() -> dict[str, str]:
            app({}, lambda status, headers, *rest: seen.append((status, dict(headers))))
            return seen[-1][1]

        ask()
        wait = int(ask()["Retry-After"])
        clock.forward(wait)
        ask()
        self.assertEqual([status[:3] for status, _ in seen], ["200", "429", "200"])
