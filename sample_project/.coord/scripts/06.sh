. "$COORD_ROOT/.coord/scripts/agent.sh"

tests() {
    write tests/test_clients.py <<'PY'
import threading
import unittest

from tests.clock import Clock
from tokenbucket.bucket import TokenBucket
from tokenbucket.clients import Clients


class ClientsTest(unittest.TestCase):
    def setUp(self) -> None:
        clock = Clock()
        self.clients = Clients(lambda: TokenBucket(rate=1, capacity=100, clock=clock), max_clients=10)

    def test_clients_do_not_share_tokens(self) -> None:
        self.assertTrue(self.clients.allow("alice", 100))
        self.assertTrue(self.clients.allow("bob", 100))
        self.assertFalse(self.clients.allow("alice"))

    def test_the_number_of_buckets_is_bounded(self) -> None:
        for number in range(1000):
            self.clients.allow(f"client-{number}")
        self.assertEqual(len(self.clients), 10)

    def test_a_busy_client_keeps_its_bucket_while_others_pass_by(self) -> None:
        allowed = 0
        for number in range(1000):
            allowed += self.clients.allow("busy")
            self.clients.allow(f"passer-by-{number}")
        self.assertEqual(allowed, 100)

    def test_threads_cannot_take_more_than_there_is(self) -> None:
        allowed = []
        start = threading.Barrier(4)

        def take() -> None:
            start.wait()
            allowed.extend(self.clients.allow("alice") for _ in range(50))

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sum(allowed), 100)


if __name__ == "__main__":
    unittest.main()
PY
}

if [ "$COORD_ATTEMPT" = 1 ]; then
    say "A dictionary with a bound: when it is full, the oldest entry goes. Simple enough to write straight down."
    write tokenbucket/clients.py <<'PY'
"""One bucket per client, and a bound on how many."""

import threading
from collections.abc import Callable

from tokenbucket.bucket import TokenBucket


class Clients:
    def __init__(self, make: Callable[[], TokenBucket], max_clients: int) -> None:
        self._make = make
        self._max = max_clients
        self._buckets: dict[str, TokenBucket] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def allow(self, key: str, cost: float = 1.0) -> bool:
        with self._lock:
            if key not in self._buckets:
                if len(self._buckets) >= self._max:
                    del self._buckets[next(iter(self._buckets))]
                self._buckets[key] = self._make()
            return self._buckets[key].allow(cost)
PY
    tests
    think "Running tests"
    if ! run python3 -m unittest tests.test_clients; then
        say "The oldest client is not the idlest one: a busy client is evicted, and comes back with a full bucket."
        coord agent fail \
            --verdict "first-in-first-out eviction gives a busy client a full bucket again; it has to be least recently used" \
            --learning "evict by last use, not by age"
        exit 1
    fi
    give_up "expected the eviction test to be red"
fi

say "The last attempt evicted by age, and a busy client got a full bucket that way. This time: least recently used."
tests
expect_red tests.test_clients
think Implementing
write tokenbucket/clients.py <<'PY'
"""One bucket per client, and a bound on how many."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol


class Bucket(Protocol):
    def allow(self, cost: float = 1.0) -> bool: ...


class Clients:
    """At most `max_clients` buckets, each made by `make`; whoever was idle for longest loses theirs."""

    def __init__(self, make: Callable[[], Bucket], max_clients: int) -> None:
        self._make = make
        self._max = max_clients
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def allow(self, key: str, cost: float = 1.0) -> bool:
        """Take `cost` tokens from the client's bucket if they are there."""
        with self._lock:
            bucket = self._buckets.pop(key, None) or self._make()
            self._buckets[key] = bucket
            if len(self._buckets) > self._max:
                self._buckets.popitem(last=False)
            return bucket.allow(cost)
PY
expect_green
commit "Give every client a bucket of its own"
decide "Evict the least recently used client: by age, a busy client would get a full bucket again."
coord agent done \
    --summary "Clients holds a bounded number of buckets and evicts the least recently used; one lock around it." \
    --validation "python3 -m unittest: green, with four threads on one bucket"
