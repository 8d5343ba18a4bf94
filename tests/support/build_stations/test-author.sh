set -eu
quick=$COORD_ROOT/.coord/scripts/quick  # at once what else takes a critic's word
if [ $COORD_TURN = test-author ]; then
    cat >tests/test_waiting.py <<'PY'
import unittest

from tests.clock import Clock
from tokenbucket.bucket import TokenBucket


class WaitingTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.bucket = TokenBucket(rate=2, capacity=4, clock=self.clock)

    def test_tells_how_long_to_wait_and_not_a_moment_longer(self) -> None:
        self.bucket.allow(4)
        self.assertEqual(self.bucket.retry_after(3), 1.5)
        self.clock.forward(1.25)
        self.assertFalse(self.bucket.allow(3))
        self.clock.forward(0.25)
        self.assertTrue(self.bucket.allow(3))

    def test_a_rate_of_nothing_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            TokenBucket(0, 1)
PY
fi
if [ $COORD_TURN != test-author ] || [ -e "$quick" ]; then
    [ -e "$quick" ] || grep -q TW-001 "$COORD_IN/test_worklist.json"
    cat >>tests/test_waiting.py <<'PY'

    def test_a_cost_above_the_capacity_waits_for_ever(self) -> None:
        self.assertEqual(self.bucket.retry_after(5), float("inf"))
PY
fi
! python3 -m unittest -q tests.test_waiting 2>"$COORD_OUT/../red.txt"
echo "tests/test_waiting.py; all fail, since there is no retry_after" >"$COORD_OUT/test_changes.md"
two=$(grep -q waits_for_ever tests/test_waiting.py && echo waits_for_ever || echo none)
cat >"$COORD_OUT/ac_status.json" <<JSON
{"acs": {"AC-1": {"tests_written": "test_waiting: not_a_moment_longer"}, "AC-2": {"tests_written": "$two"},
         "AC-3": {"tests_written": "test_waiting: refused"}}}
JSON
git add -A && git commit -qm "Test how long a refused caller waits"
coord agent done --summary "wrote the tests, and saw them fail"
