. "$COORD_ROOT/.coord/scripts/agent.sh"

say "First what there is: criteria with what shows them, findings, prompts."
run coord witnesses || true
think Planning
cat >"$output.py" <<'PY'
"""What an iteration comes to: a pure function of the milestone's page, as `coord milestone --json` gives it."""

import json
import sys

CLOCK = """A client of the store that has nothing left is refused for as long as its clock was set back.

## Tasks

- `tokenbucket/store.py`: where the clock is behind a bucket's own time, that bucket goes on from the clock.
- A test in `tests/test_store.py` that steps the clock back.

## Acceptance Criteria

- [ ] `python3 -m unittest acceptance.test_clock` is green.
"""
COST = """A negative cost adds tokens to a bucket of the store, more than it can hold.

## Tasks

- `tokenbucket/store.py`: refuse it as the bucket does.
- A test in `tests/test_store.py`.

## Acceptance Criteria

- [ ] `Store.allow` raises ValueError for a negative cost, and the bucket is as it was.
"""
KNOWN = {"clock": ("Let the store go on when the clock steps back", CLOCK)}
page = json.load(sys.stdin)
titles = {prompt["title"] for prompt in json.loads(sys.argv[1])["prompts"]}
shown = ("witnessed", "accepted")
failing = [one for one in page["criteria"] if one["status"] not in shown] if page["verdicts"] else []
open_ones = [item for item in page["feedback"] if item["status"] == "open"]
prompts, feedback, unknown = [], [], []
for one in failing:
    title, body = next((fix for word, fix in KNOWN.items() if word in one["text"]), ("", ""))
    if title and title not in titles:
        prompts.append({"key": "clock", "title": title, "type": "review-fix", "priority": "high", "body": body})
    else:
        unknown.append(f"{one['id']} {one['text']}")
for item in open_ones:
    if item["priority"] == "low":
        feedback.append({"number": item["number"], "status": "backlog", "reason": "it costs nobody anything today"})
        continue
    body = COST if "negative cost" in item["title"] else f"Finding {item['number']}, at {item['location']}.\n"
    after = [prompt["key"] for prompt in prompts]  # they all change the same file
    new = {"key": f"f{item['number']}", "title": item["title"], "type": "review-fix", "priority": "high", "body": body}
    prompts.append(new | {"dependencies": after, "resolves": [item["number"]]})
plan = {"prompts": prompts, "feedback": feedback}
if prompts:
    reason = "; ".join([*(f"{one['id']} is not shown" for one in failing), *(item["title"] for item in open_ones)])
    said = {"decision": "CONTINUE", "intent": "Mend what did not hold when it was tried", "reason": reason}
    said["learnings"] = "# Learnings\n\n- The store repeats what the bucket does: hold them side by side. [paths: tokenbucket/store.py]\n"
elif unknown:
    said = {"decision": "STUCK", "reason": "I have no further idea", "blocker": "; ".join(unknown)}
elif page["verdicts"]:
    said = {"decision": "DONE", "reason": "Every criterion is witnessed on the present base, and no finding is open."}
else:
    said = {"decision": "CONTINUE", "reason": "The engineer's prompts cover every criterion; they run as they stand."}
print(json.dumps(said | (plan if said["decision"] == "CONTINUE" else {})))
PY
coord milestone --json | python3 "$output.py" "$(coord status --json)" >"$output.json"
rm -f "$output.py"
say "$(python3 -c 'import json, sys; told = json.load(sys.stdin); print(told["decision"] + ":", told["reason"])' <"$output.json")"
tool Bash "coord agent plan --json -"
coord agent plan --json - <"$output.json" | indent ""
decision=$(cut -c1-40 "$output.json" | sed 's/.*"decision": "\([A-Z]*\)".*/\1/')
rm -f "$output.json"
coord agent done --no-change --summary "Decided: $decision."
