# What the Planner wants where a negative cost fills a bucket of the store.

say "The store never looks at the cost. A test that gives it a negative one, then the refusal."
edit tests/test_store.py <<'DIFF'
--- a/tests/test_store.py
+++ b/tests/test_store.py
@@ -42,6 +42,12 @@
             thread.join()
         self.assertEqual(allowed.count(True), 1)
 
+    def test_refuses_a_negative_cost(self) -> None:
+        store = self.open()
+        with self.assertRaises(ValueError):
+            store.allow("alice", -100)
+        self.assertFalse(store.allow("alice", 3))
+
     def test_forgets_only_what_is_full_again(self) -> None:
         store = self.open()
         store.allow("alice", 1)
DIFF
expect_red tests.test_store
edit tokenbucket/store.py <<'DIFF'
--- a/tokenbucket/store.py
+++ b/tokenbucket/store.py
@@ -23,6 +23,8 @@
     def allow(self, key: str, cost: float = 1.0) -> bool:
         """Take `cost` tokens from the key's bucket if they are there."""
+        if cost < 0:
+            raise ValueError(f"a request can't cost {cost}")
         # IMMEDIATE: whoever reads the bucket is the one to write it
         self._db.execute("BEGIN IMMEDIATE")
         with self._db:
             now = self._clock()
DIFF
expect_green
commit "Refuse a negative cost in the store"
coord agent done \
    --summary "The store refuses a negative cost as the bucket does." \
    --validation "python3 -m unittest: green; the new test was red before"
