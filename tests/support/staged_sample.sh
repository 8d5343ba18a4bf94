# Stands in for every agent of the staged sample: plans, implements in two waves, forgets an edge that the review finds by
# running the code, writes too few tests at first, and says what it did.
set -eu
turn=$COORD_TURN
report() {
  told='"stageName": "'${turn%%/*}'", "status": "completed", "summary": "'$1'"'
  coord agent stage --json "{$told${2:+, $2}}"
}
commit() { git add -A; git commit -qm "$1"; }
end() { coord agent done --no-change --summary "$1"; exit; }
case $turn in
  PLAN/1.1) report "retry_after belongs beside allow; checks and arithmetic fit in files of their own" ;;
  PLAN/1.2)
    cat >"$COORD_OUT/plan.md" <<'PLAN'
---
tasks:
  - id: T1
    description: How long to wait
    targetFiles: [tokenbucket/waiting.py]
    instructions: |
      `seconds_until(tokens, rate, cost)`: how long until `cost` tokens are there.
    estimatedLines: 10
  - id: T2
    description: Refuse numbers that make no sense
    targetFiles: [tokenbucket/checks.py]
    instructions: "`positive(**values)` raises ValueError with the name of the first that is not above zero."
  - id: T3
    description: Both in the bucket
    targetFiles: [tokenbucket/bucket.py]
    dependencies: [T1, T2]
    instructions: |
      `tokens`, `retry_after(cost)`; rate and capacity are checked when it is made, a cost when it is asked for.
---
# Why so
A caller that is refused has to know when to come back.
PLAN
    report "three tasks, two of them at once" ;;
  PLAN/1.3) test -s "$COORD_IN/plan.md"; report "the plan does it" ;;
  IMPLEMENT/2.1/T1*)
    cat >tokenbucket/waiting.py <<'CODE'
"""How long until there are enough tokens."""


def seconds_until(tokens: float, rate: float, cost: float) -> float:
    return max(0.0, (cost - tokens) / rate)
CODE
    end "seconds_until(tokens, rate, cost)" ;;
  IMPLEMENT/2.1/T2*)
    cat >tokenbucket/checks.py <<'CODE'
"""Numbers that make no sense are refused."""


def positive(**values: float) -> None:
    for name, value in values.items():
        if value <= 0:
            raise ValueError(f"{name} must be above zero")
CODE
    echo '# not mine' >>tokenbucket/__init__.py
    end "positive(**values)" ;;
  IMPLEMENT/2.1/T3*)
    python3 - <<'CODE'
from pathlib import Path
path = Path("tokenbucket/bucket.py")
text = path.read_text()
text = text.replace("from collections.abc import Callable\n", """from collections.abc import Callable

from tokenbucket.checks import positive
from tokenbucket.waiting import seconds_until
""")
text = text.replace("        self.rate = rate\n", "        positive(rate=rate, capacity=capacity)\n        self.rate = rate\n")
text = text.replace("    def _refill", """    @property
    def tokens(self) -> float:
        \"\"\"What is in it now.\"\"\"
        self._refill()
        return self._tokens

    def retry_after(self, cost: float = 1.0) -> float:
        \"\"\"Seconds until `cost` tokens are there.\"\"\"
        if cost < 0:
            raise ValueError("cost must not be below zero")
        return seconds_until(self.tokens, self.rate, cost)

    def _refill""")
path.write_text(text)
CODE
    end "the bucket uses both" ;;
  IMPLEMENT/2.2) report "nothing stands there twice" ;;
  IMPLEMENT/2.3/fix*)
  python3 - <<'CODE'
from pathlib import Path
path = Path("tokenbucket/bucket.py")
text = path.read_text()
text = text.replace("        return seconds_until(", """        if cost > self.capacity:
            return float("inf")
        return seconds_until(""")
path.write_text(text)
CODE
  commit "What never fits is an infinite wait"; report "it is infinite now" ;;
  IMPLEMENT/2.3*)
    if python3 -c 'from tokenbucket.bucket import TokenBucket as B; assert B(1, 4).retry_after(5) == float("inf")'; then
      report "it does what was asked for"
    else
      report "one edge is wrong" '"errors": [{"severity": "high", "location": "tokenbucket/bucket.py",
        "message": "a cost above the capacity never fits, and is told to wait for it"}]'
    fi ;;
  TEST/3.1) report "after the wait it is allowed; above the capacity the wait is infinite" ;;
  TEST/3.2)
    cat >tests/test_waiting.py <<'CODE'
import unittest

from tests.clock import Clock
from tokenbucket.bucket import TokenBucket


class WaitingTest(unittest.TestCase):
    def test_after_the_wait_it_is_allowed(self) -> None:
        clock = Clock()
        bucket = TokenBucket(rate=2, capacity=4, clock=clock)
        bucket.allow(4)
        clock.forward(bucket.retry_after(3))
        self.assertTrue(bucket.allow(3))
CODE
    commit "Test the wait"; report "a test of the wait" ;;
  TEST/3.2.2)
    cat >>tests/test_waiting.py <<'CODE'

    def test_what_never_fits_is_an_infinite_wait(self) -> None:
        self.assertEqual(TokenBucket(rate=2, capacity=4).retry_after(5), float("inf"))

    def test_a_rate_of_zero_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "rate"):
            TokenBucket(rate=0, capacity=4)
CODE
    commit "Test the edges"; report "the edges too" ;;
  TEST/3.3*)
    python3 -m unittest -q
    per_cent=$(test "$(grep -c 'def test' tests/test_waiting.py)" -ge 3 && echo 96 || echo 61)
    report "tests pass" '"phases": {"3.3": {"status": "completed", "coverage": '"$per_cent"'}}' ;;
  FINAL/4.0)
    printf '\n`bucket.retry_after(cost)` tells how many seconds to wait.\n' >>NOTES.md
    commit "Tell how long to wait"; report "NOTES.md tells of retry_after" ;;
  FINAL/4.1) python3 -m unittest -q; report "it can land" ;;
  FINAL/4.2) report "a bucket per client could come next" ;;
  FINAL/4.3) report "A refused caller is told how long to wait, and numbers that make no sense are refused." ;;
esac
end "$turn is over"
