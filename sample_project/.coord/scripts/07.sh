. "$COORD_ROOT/.coord/scripts/agent.sh"

say "Before timing two limiters I have to know that they decide the same."
write tests/test_benchmark.py <<'PY'
import unittest

from benchmarks.compare import Timestamps, compare, same_decisions


class BenchmarkTest(unittest.TestCase):
    def test_the_naive_limiter_counts_the_window(self) -> None:
        limiter = Timestamps(limit=2, seconds=10)
        self.assertEqual([limiter.allow(now) for now in (0.0, 1.0, 2.0, 10.5, 10.6)], [True, True, False, True, False])

    def test_both_decide_the_same_where_they_have_to(self) -> None:
        self.assertTrue(same_decisions(50))

    def test_measures_every_limiter_at_every_size(self) -> None:
        rows = compare(sizes=(10,), requests=200)
        self.assertEqual([name for name, _, _ in rows], ["bucket", "middleware", "timestamps"])
        self.assertTrue(all(nanoseconds > 0 for _, _, nanoseconds in rows))


if __name__ == "__main__":
    unittest.main()
PY
expect_red tests.test_benchmark
write benchmarks/__init__.py </dev/null
write benchmarks/compare.py <<'PY'
"""What a request costs: the bucket, the middleware around it, and a list of the last timestamps."""

import time
from collections.abc import Callable, Sequence

from tokenbucket.bucket import TokenBucket
from tokenbucket.wsgi import RateLimited


class Timestamps:
    """The naive limiter: remembers when every request of the last `seconds` came."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._seen: list[float] = []

    def allow(self, now: float) -> bool:
        self._seen = [seen for seen in self._seen if seen > now - self._seconds]
        if len(self._seen) >= self._limit:
            return False
        self._seen.append(now)
        return True


def same_decisions(limit: int) -> bool:
    """A burst of twice the limit at one moment: both let exactly the limit through."""
    bucket = TokenBucket(rate=limit, capacity=limit, clock=lambda: 0.0)
    naive = Timestamps(limit, 1.0)
    return [bucket.allow() for _ in range(2 * limit)] == [naive.allow(0.0) for _ in range(2 * limit)]


def compare(sizes: Sequence[int] = (10, 100, 1000), requests: int = 5000) -> list[tuple[str, int, float]]:
    """Measure each limiter with so many requests in its window: (name, window, nanoseconds a request)."""
    rows = []
    for size in sizes:
        bucket = TokenBucket(rate=size, capacity=size)
        app = RateLimited(lambda environ, start_response: [b""], lambda environ: bucket)
        naive = Timestamps(size, 1.0)
        rows += [
            ("bucket", size, nanoseconds(bucket.allow, requests)),
            ("middleware", size, nanoseconds(lambda: app({}, lambda status, headers: None), requests)),
            ("timestamps", size, nanoseconds(lambda: naive.allow(time.monotonic()), requests)),
        ]
    return rows


def nanoseconds(call: Callable[[], object], times: int) -> float:
    start = time.perf_counter_ns()
    for _ in range(times):
        call()
    return (time.perf_counter_ns() - start) / times


if __name__ == "__main__":
    if not same_decisions(1000):
        raise SystemExit("the limiters decide differently: nothing to compare")
    for name, size, cost in compare():
        print(f"{name:<12}{size:>6} in the window {cost:>10.0f} ns a request")
PY
expect_green
run python3 -m benchmarks.compare
commit "Show what a list of timestamps costs"
coord agent done \
    --summary "benchmarks/compare.py times the bucket, the middleware and a list of timestamps at three window sizes." \
    --validation "python3 -m unittest: green" \
    --validation "$(sed -n 's/  */ /g; /^timestamps 1000/p' "$output")"
