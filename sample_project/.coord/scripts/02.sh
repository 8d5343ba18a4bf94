. "$COORD_ROOT/.coord/scripts/agent.sh"

say "The acceptance criteria are all about edges. I'll write those down before touching the bucket."
edit tests/test_bucket.py <<'DIFF'
--- a/tests/test_bucket.py
+++ b/tests/test_bucket.py
@@ -28,5 +28,22 @@
         self.assertFalse(self.bucket.allow(2))
         self.assertTrue(self.bucket.allow(1))
 
+    def test_tells_how_long_to_wait_and_not_a_moment_longer(self) -> None:
+        self.bucket.allow(4)
+        self.assertEqual(self.bucket.retry_after(3), 1.5)
+        self.clock.forward(1.25)
+        self.assertFalse(self.bucket.allow(3))
+        self.clock.forward(0.25)
+        self.assertTrue(self.bucket.allow(3))
+
+    def test_a_cost_above_the_capacity_waits_for_ever(self) -> None:
+        self.assertEqual(self.bucket.retry_after(5), float("inf"))
+
+    def test_refuses_numbers_that_make_no_sense(self) -> None:
+        for make in (lambda: TokenBucket(0, 1), lambda: TokenBucket(1, 0), lambda: self.bucket.allow(-1)):
+            with self.assertRaises(ValueError):
+                make()
+        self.assertEqual(self.bucket.tokens, 4)
+
 
 if __name__ == "__main__":
DIFF
expect_red tests.test_bucket
think Implementing
edit tokenbucket/bucket.py <<'DIFF'
--- a/tokenbucket/bucket.py
+++ b/tokenbucket/bucket.py
@@ -1,5 +1,6 @@
 """The token bucket: tokens flow in at a steady rate up to a capacity, every request takes some out."""
 
+import math
 import time
 from collections.abc import Callable
 
@@ -8,19 +9,36 @@
     """Allows `rate` requests a second on average, and bursts of `capacity`."""
 
     def __init__(self, rate: float, capacity: float, clock: Callable[[], float] = time.time) -> None:
+        if rate <= 0 or capacity <= 0:
+            raise ValueError(f"a bucket needs a positive rate and capacity, not {rate} and {capacity}")
         self.rate = rate
         self.capacity = capacity
         self._clock = clock
         self._tokens = capacity
         self._updated = clock()
 
+    @property
+    def tokens(self) -> float:
+        """What is in it now."""
+        self._refill()
+        return self._tokens
+
     def allow(self, cost: float = 1.0) -> bool:
         """Take `cost` tokens if they are there; False leaves the bucket as it was."""
+        if cost < 0:
+            raise ValueError(f"a request can't cost {cost}")
         self._refill()
         if cost > self._tokens:
             return False
         self._tokens -= cost
         return True
 
+    def retry_after(self, cost: float = 1.0) -> float:
+        """Seconds until `cost` tokens are there; infinity if they never will be."""
+        if cost > self.capacity:
+            return math.inf
+        return max(0.0, (cost - self.tokens) / self.rate)
+
     def _refill(self) -> None:
         now = self._clock()
         self._tokens = min(self.capacity, self._tokens + (now - self._updated) * self.rate)
DIFF
expect_green
commit "Tell a refused caller how long to wait"
coord agent done \
    --summary "The bucket tells its tokens and the wait until a cost fits, and refuses senseless numbers." \
    --limitation "Still uses time.time by default; a clock that is set back takes tokens away." \
    --validation "python3 -m unittest: green"
