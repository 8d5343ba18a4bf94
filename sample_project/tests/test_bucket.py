import unittest

from tests.clock import Clock
from tokenbucket.bucket import TokenBucket


class TokenBucketTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.bucket = TokenBucket(rate=2, capacity=4, clock=self.clock)

    def test_a_full_bucket_allows_a_burst(self) -> None:
        self.assertEqual([self.bucket.allow() for _ in range(5)], [True, True, True, True, False])

    def test_tokens_flow_in_at_the_rate(self) -> None:
        self.bucket.allow(4)
        self.clock.forward(1)
        self.assertEqual([self.bucket.allow() for _ in range(3)], [True, True, False])

    def test_never_holds_more_than_its_capacity(self) -> None:
        self.clock.forward(3600)
        self.assertTrue(self.bucket.allow(4))
        self.assertFalse(self.bucket.allow())

    def test_a_refused_request_takes_nothing(self) -> None:
        self.bucket.allow(3)
        self.assertFalse(self.bucket.allow(2))
        self.assertTrue(self.bucket.allow(1))


if __name__ == "__main__":
    unittest.main()
