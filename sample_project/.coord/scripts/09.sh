. "$COORD_ROOT/.coord/scripts/agent.sh"

say "Reproduce first: the clock steps back by 40 seconds, as it did on Sunday."
edit tests/test_bucket.py <<'DIFF'
--- a/tests/test_bucket.py
+++ b/tests/test_bucket.py
@@ -45,5 +45,14 @@
                 make()
         self.assertEqual(self.bucket.tokens, 4)
 
+    def test_a_clock_that_steps_back_takes_nothing_away(self) -> None:
+        self.bucket.allow(2)
+        self.clock.forward(-40)
+        self.assertEqual(self.bucket.tokens, 2)
+        self.clock.forward(1)
+        self.assertEqual(self.bucket.tokens, 4)
+        self.clock.forward(39)
+        self.assertEqual(self.bucket.tokens, 4)
+
 
 if __name__ == "__main__":
DIFF
expect_red tests.test_bucket
say "There it is: minus 78 tokens. Time that runs backwards has to count as no time."
edit tokenbucket/bucket.py <<'DIFF'
--- a/tokenbucket/bucket.py
+++ b/tokenbucket/bucket.py
@@ -8,7 +8,7 @@
 class TokenBucket:
     """Allows `rate` requests a second on average, and bursts of `capacity`."""
 
-    def __init__(self, rate: float, capacity: float, clock: Callable[[], float] = time.time) -> None:
+    def __init__(self, rate: float, capacity: float, clock: Callable[[], float] = time.monotonic) -> None:
         if rate <= 0 or capacity <= 0:
             raise ValueError(f"a bucket needs a positive rate and capacity, not {rate} and {capacity}")
         self.rate = rate
@@ -41,5 +41,6 @@
 
     def _refill(self) -> None:
         now = self._clock()
-        self._tokens = min(self.capacity, self._tokens + (now - self._updated) * self.rate)
+        elapsed = max(0.0, now - self._updated)
+        self._tokens = min(self.capacity, self._tokens + elapsed * self.rate)
         self._updated = now
DIFF
expect_green
commit "Lose no tokens when the clock steps back"
coord agent done \
    --summary "Negative time counts as none, and the default clock is the monotonic one." \
    --decision "The clock may still be passed in: the store needs the wall clock, which processes share." \
    --validation "the new test was red on the old code: -78 tokens" \
    --validation "python3 -m unittest: green"
