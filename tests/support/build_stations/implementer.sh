set -eu
quick=$COORD_ROOT/.coord/scripts/quick  # at once what else takes a critic's word
if [ $COORD_TURN = implementer ]; then
    python3 - <<'PY'
from pathlib import Path

path = Path("tokenbucket/bucket.py")
text = path.read_text()
text = text.replace('''        self.rate = rate
''', '''        if rate <= 0:
            raise ValueError(f"a bucket needs a positive rate, not {rate}")
        self.rate = rate
''')
text = text.replace('''    def _refill(self)''', '''    def retry_after(self, cost: float = 1.0) -> float:
        """Seconds until `cost` tokens are there; infinity if they never will be."""
        self._refill()
        if cost > self.capacity:
            return float("inf")
        return max(0.0, (cost - self._tokens) / self.rate)

    def _refill(self)''')
path.write_text(text)
PY
fi
if [ $COORD_TURN != implementer ] || [ -e "$quick" ]; then
    [ -e "$quick" ] || grep -q CW-001 "$COORD_IN/code_worklist.json"
    python3 - <<'PY'
from pathlib import Path

path = Path("tokenbucket/bucket.py")
text = path.read_text()
text = text.replace("if rate <= 0:", "if rate <= 0 or capacity <= 0:")
text = text.replace('''        self._refill()
        if cost > self._tokens''', '''        if cost < 0:
            raise ValueError(f"a request can't cost {cost}")
        self._refill()
        if cost > self._tokens''')
path.write_text(text)
PY
fi
python3 -m unittest -q 2>"$COORD_OUT/../green.txt"
echo "retry_after, and what makes no sense is refused" >"$COORD_OUT/impl_changes.md"
cat >"$COORD_OUT/ac_status.json" <<'JSON'
{"acs": {"AC-1": {"impl_status": "done"}, "AC-2": {"impl_status": "done"}, "AC-3": {"impl_status": "done"}}}
JSON
git add -A && git commit -qm "Tell a refused caller how long to wait"
coord agent done --summary "the tests are green"
