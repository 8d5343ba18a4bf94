# What the Planner of the second iteration wants where a clock that steps back locks clients out of the store.

say "The harness has it red. First the same in the store's own tests."
edit tests/test_store.py <<'DIFF'
--- a/tests/test_store.py
+++ b/tests/test_store.py
@@ -53,5 +53,12 @@
         self.assertFalse(store.allow("bob", 2))
         self.assertTrue(store.allow("alice", 2))
 
+    def test_a_clock_that_steps_back_locks_nobody_out(self) -> None:
+        store = self.open()
+        store.allow("alice", 2)
+        self.clock.forward(-40)
+        self.assertFalse(store.allow("alice"))
+        self.clock.forward(1)
+        self.assertTrue(store.allow("alice"))
 
 if __name__ == "__main__":
     unittest.main()
DIFF
expect_red tests.test_store
edit tokenbucket/store.py <<'DIFF'
--- a/tokenbucket/store.py
+++ b/tokenbucket/store.py
@@ -29,6 +29,8 @@
             now = self._clock()
             tokens = self._tokens(key, now)
             if cost > tokens:
+                # a clock that was set back: the bucket goes on from what it says now
+                self._db.execute("UPDATE bucket SET updated = ? WHERE key = ? AND updated > ?", (now, key, now))
                 return False
             self._db.execute("REPLACE INTO bucket VALUES (?, ?, ?)", (key, tokens - cost, now))
         return True
DIFF
expect_green
run python3 -m unittest acceptance.test_clock
commit "Let the store go on when the clock steps back"
coord agent done \
    --summary "A bucket of the store whose time lies ahead of the clock goes on from the clock." \
    --validation "python3 -m unittest acceptance.test_clock: green"
