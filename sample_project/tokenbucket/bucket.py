"""The token bucket: tokens flow in at a steady rate up to a capacity, every request takes some out."""

import time
from collections.abc import Callable


class TokenBucket:
    """Allows `rate` requests a second on average, and bursts of `capacity`."""

    def __init__(self, rate: float, capacity: float, clock: Callable[[], float] = time.time) -> None:
        self.rate = rate
        self.capacity = capacity
        self._clock = clock
        self._tokens = capacity
        self._updated = clock()

    def allow(self, cost: float = 1.0) -> bool:
        """Take `cost` tokens if they are there; False leaves the bucket as it was."""
        self._refill()
        if cost > self._tokens:
            return False
        self._tokens -= cost
        return True

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(self.capacity, self._tokens + (now - self._updated) * self.rate)
        self._updated = now
