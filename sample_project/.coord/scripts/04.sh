. "$COORD_ROOT/.coord/scripts/agent.sh"

say "One decision isn't mine: when a bucket that is full again is forgotten. I'll ask before I build on a guess."
ask "When should the store forget buckets that are full again?" "only when asked" "when it is opened"
write tests/test_store.py <<'PY'
import tempfile
import threading
import unittest
from pathlib import Path

from tests.clock import Clock
from tokenbucket.store import Store


class StoreTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "buckets.db")
        self.clock = Clock()

    def open(self) -> Store:
        store = Store(self.path, rate=1, capacity=2, clock=self.clock)
        self.addCleanup(store.close)
        return store

    def test_a_bucket_emptied_here_is_empty_there(self) -> None:
        self.assertTrue(self.open().allow("alice", 2))
        other = self.open()
        self.assertFalse(other.allow("alice"))
        self.assertTrue(other.allow("bob"))

    def test_two_threads_cannot_both_take_the_last_token(self) -> None:
        self.open().allow("alice")
        allowed = []
        start = threading.Barrier(8)

        def take() -> None:
            store = Store(self.path, rate=1, capacity=2, clock=self.clock)
            start.wait()
            allowed.append(store.allow("alice"))
            store.close()

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(allowed.count(True), 1)

    def test_forgets_only_what_is_full_again(self) -> None:
        store = self.open()
        store.allow("alice", 1)
        store.allow("bob", 2)
        self.clock.forward(1.5)
        self.assertEqual(store.forget(), 1)
        self.assertFalse(store.allow("bob", 2))
        self.assertTrue(store.allow("alice", 2))


if __name__ == "__main__":
    unittest.main()
PY
expect_red tests.test_store
think Implementing
write tokenbucket/store.py <<'PY'
"""Buckets in one SQLite file, shared by every process that opens it, and there again after a restart."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

_TABLE = "CREATE TABLE IF NOT EXISTS bucket (key TEXT PRIMARY KEY, tokens REAL NOT NULL, updated REAL NOT NULL)"


class Store:
    """Buckets of one limit by key. Uses the wall clock: processes share no other."""

    def __init__(
        self, path: Path, rate: float, capacity: float, clock: Callable[[], float] = time.time
    ) -> None:
        self.rate = rate
        self.capacity = capacity
        self._clock = clock
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None)
        self._db.execute(_TABLE)

    def allow(self, key: str, cost: float = 1.0) -> bool:
        """Take `cost` tokens from the key's bucket if they are there."""
        # IMMEDIATE: whoever reads the bucket is the one to write it
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:
            now = self._clock()
            tokens = self._tokens(key, now)
            if cost > tokens:
                return False
            self._db.execute("REPLACE INTO bucket VALUES (?, ?, ?)", (key, tokens - cost, now))
        return True

    def forget(self) -> int:
        """Drop the buckets that are full again, which loses nothing; returns how many."""
        full = "tokens + max(0, ? - updated) * ? >= ?"
        return self._db.execute(f"DELETE FROM bucket WHERE {full}", (self._clock(), self.rate, self.capacity)).rowcount

    def close(self) -> None:
        self._db.close()

    def _tokens(self, key: str, now: float) -> float:
        row = self._db.execute("SELECT tokens, updated FROM bucket WHERE key = ?", (key,)).fetchone()
        if row is None:
            return self.capacity
        tokens, updated = row
        return min(self.capacity, tokens + max(0.0, now - updated) * self.rate)
PY
if [ "$answer" = "when it is opened" ]; then
    say "The answer: $answer. One line where the file is opened."
    edit tokenbucket/store.py <<'DIFF'
--- a/tokenbucket/store.py
+++ b/tokenbucket/store.py
@@ -20,5 +20,6 @@
         self._clock = clock
         self._db = sqlite3.connect(path, timeout=10, isolation_level=None)
         self._db.execute(_TABLE)
+        self.forget()
 
     def allow(self, key: str, cost: float = 1.0) -> bool:
DIFF
else
    say "The answer: $answer. forget() stays in the caller's hands."
fi
expect_green
commit "Keep buckets in SQLite across restarts"
coord agent done \
    --summary "Store keeps the buckets of a limit in one SQLite file; processes share it, one transaction a call." \
    --decision "Buckets that are full again are forgotten: $answer." \
    --limitation "Uses the wall clock, which processes share; a clock set back stops the inflow for that long." \
    --validation "python3 -m unittest: green, with eight threads at the last token"
