set -eu
if python3 - <<'PY'
import sys

from tokenbucket.bucket import TokenBucket

def refuses(make) -> bool:
    try:
        make()
    except ValueError:
        return True
    return False

sys.exit(not all(map(refuses, (lambda: TokenBucket(1, 0), lambda: TokenBucket(1, 1).allow(-1)))))
PY
then status=RESOLVED; else status=PENDING; fi
cat >"$COORD_OUT/code_worklist.json" <<JSON
{"items": [{"id": "CW-001", "source_id": "AC-3", "category": "CORRECTNESS", "severity": "MAJOR",
            "location": {"file": "tokenbucket/bucket.py", "line": 11}, "status": "$status",
            "summary": "a capacity of 0 and a negative cost are taken", "route_to": "implementer"}]}
JSON
echo "AC-3: $status" >"$COORD_OUT/code_critique.md"
coord agent done --summary "looked at the code: AC-3 is $status"
