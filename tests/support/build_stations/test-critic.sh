set -eu
if grep -q waits_for_ever tests/test_waiting.py; then status=RESOLVED; else status=PENDING; fi
cat >"$COORD_OUT/test_worklist.json" <<JSON
{"items": [{"id": "TW-001", "source_id": "AC-2", "category": "TESTS", "severity": "MAJOR",
            "location": {"file": "tests/test_waiting.py", "line": null}, "status": "$status",
            "summary": "nothing tests a cost above the capacity", "route_to": "test-author"}],
 "further_round_helps": true}
JSON
echo "AC-2: $status" >"$COORD_OUT/test_critique.md"
coord agent done --summary "looked at the tests: AC-2 is $status"
