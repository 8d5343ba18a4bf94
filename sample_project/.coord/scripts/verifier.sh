. "$COORD_ROOT/.coord/scripts/agent.sh"

say "Five criteria. For each I want a command that would fail if it was not met; the harness runs it again."
if [ "$COORD_ITERATION" = 1 ]; then
    say "The clock: prompt 09 dealt with that, and its test is green. That will do."
    trusting=1
else
    trusting=
fi
think Verifying
cat >"$output.py" <<'PY'
"""Claims for each criterion. With anything as argument: what hand-offs say of one is taken for true, and not tried."""

import json
import subprocess
import sys

COMMANDS = {
    "TOML": "python3 -m unittest acceptance.test_limits",
    "restart": "python3 -m unittest acceptance.test_restart",
    "come back": "python3 -m unittest acceptance.test_refusal",
    "clock": "python3 -m unittest acceptance.test_clock",
    "unittest": "python3 -m unittest",
}
criteria = json.load(sys.stdin)["criteria"]
claims, gaps = [], []
for one in criteria:
    command = next((command for word, command in COMMANDS.items() if word in one["text"]), "")
    claim = {"id": one["id"], "status": "unverifiable", "note": "no command of mine shows it; a human would have to look"}
    if command:
        trusted = "clock" in command and len(sys.argv) > 1
        tried = None if trusted else subprocess.run(command.split(), capture_output=True, text=True, check=False)
        met = tried is None or tried.returncode == 0
        last = tried.stderr.strip().splitlines()[-1:] if tried is not None else ["prompt 09 has a test of its own"]
        claim = {"id": one["id"], "status": "met" if met else "not_met", "command": command, "note": "".join(last)}
    claims.append(claim)
    gaps += [] if claim["status"] == "met" else [f"{one['id']}: {one['text']}"]
met = "yes" if not gaps else "partly" if len(gaps) < len(claims) else "no"
print(json.dumps({"met": met, "rationale": "Each was tried as operations would.", "gaps": gaps, "criteria": claims}))
PY
coord milestone --json | python3 "$output.py" $trusting >"$output.json"
rm -f "$output.py"
tool Bash "coord agent verdict --json -"
coord agent verdict --json - <"$output.json" | indent ""
rm -f "$output.json"
coord agent done --no-change --summary "Gave a verdict with a command for each criterion."
