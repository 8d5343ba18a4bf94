. "$COORD_ROOT/.coord/scripts/agent.sh"

say "What could a client do that it should not? I'll follow the numbers that come from outside."
think Looking
say "The bucket refuses a negative cost. Does the store?"
cat >"$output.py" <<'PY'
import tempfile
from pathlib import Path

from tokenbucket.store import Store

with tempfile.TemporaryDirectory() as folder:
    store = Store(Path(folder, "buckets.db"), rate=1, capacity=2)
    try:
        store.allow("mallory", -100)
    except ValueError as refusal:
        print(refusal)
        raise SystemExit(0)
    print("100 requests at once:", all(store.allow("mallory") for _ in range(100)))
    raise SystemExit(1)
PY
if PYTHONPATH=. run python3 "$output.py"; then
    rm -f "$output.py"
    say "It does. I have found nothing."
    coord agent done --no-change --summary "Looked at every number that comes from outside; found nothing."
    exit 0
fi
rm -f "$output.py"
say "It does not: whoever may name a cost fills the bucket for ever."
tool Bash "coord agent feedback --json -"
coord agent feedback --json - <<'FINDING' | indent ""
{"priority": "high", "category": "security", "title": "A negative cost fills a bucket of the store",
 "location": "tokenbucket/store.py:26",
 "issue": "Store.allow(\"mallory\", -100) is allowed and leaves 102 tokens; a hundred requests at once pass then.",
 "impact": "Whoever may name a cost has no limit any more.",
 "suggestion": "Refuse it as TokenBucket.allow does, before the bucket is read."}
FINDING
coord agent done --no-change --summary "Looked at every number that comes from outside; filed a finding about negative costs." \
    --learning "The store repeats what the bucket does: what one of them refuses, the other one has to refuse too."
