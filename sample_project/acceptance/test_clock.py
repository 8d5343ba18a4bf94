"""A clock that steps back locks nobody out: neither out of a bucket, nor out of the store."""

import tempfile
import unittest
from pathlib import Path

from tests.clock import Clock
from tokenbucket.bucket import TokenBucket
from tokenbucket.store import Store


class ClockTest(unittest.TestCase):
    def test_a_bucket_goes_on_filling(self) -> None:
        clock = Clock()
        bucket = TokenBucket(rate=1, capacity=2, clock=clock)
        bucket.allow(2)
        clock.forward(-40)
        bucket.allow()
        clock.forward(1)
        self.assertTrue(bucket.allow())

    def test_the_store_goes_on_filling(self) -> None:
        clock = Clock()
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder, "buckets.db"), rate=1, capacity=2, clock=clock)
            store.allow("alice", 2)
            clock.forward(-40)
            store.allow("alice")
            clock.forward(1)
            self.assertTrue(store.allow("alice"))
            store.close()
