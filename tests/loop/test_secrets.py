"""Secrets that pass through the loop's hands are on no disk and in no prompt afterwards."""

from collections.abc import Callable
from pathlib import Path

from support.project import Project
from support.wait import wait_until

from coordinator.model.work import prompt_work

Make = Callable[..., Project]

LOOP = "loop-canary-7f3a9c"
WINDOW = "window canary 5e1d2b"
SUMMARY = "sk-ant-api03-cAnArY0summary0123456789"
QUESTION = "ghp_cAnArY0question0123456789abcdefghij"
ANSWER = "glpat-cAnArY0answer0123456"
TITLE = "AKIACANARYTITLE01234"
REASON = "xoxb-cAnArY0reason0123456789"
OUTPUT = "AIzacAnArY0output0123456789abcdefghijklm"
SUITE = "github_pat_cAnArY0suite0123456789abcdefghij"
STEER = "sk-proj-cAnArY0steer0123456789abcdefgh"
CANARIES = (LOOP, WINDOW, SUMMARY, QUESTION, ANSWER, TITLE, REASON, OUTPUT, SUITE, STEER)

TALKS = f"""\
export WINDOW_TOKEN='{WINDOW}'
echo "now with $LOOP_API_KEY and {OUTPUT}"
coord decide "use $LOOP_API_KEY and $WINDOW_TOKEN"
coord ask "Is {QUESTION} the one?" --option "{QUESTION}" --option no --wait
traces="$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/01/attempt-1"
echo '{{"at":"2026-01-01T00:00:00Z","ask":"","hook":{{"tool":"curl {OUTPUT} {LOOP}"}}}}' >"$traces/status.jsonl"
echo '{{"said":"{OUTPUT} {LOOP}"}}' >"$traces/output.jsonl"
echo hello >one.txt; git add -A; git commit -qm One
coord agent done --summary "made it with {SUMMARY}, $LOOP_API_KEY, $WINDOW_TOKEN" --decision "keep {SUMMARY}" \\
  --limitation "$WINDOW_TOKEN" --validation "curl -H 'Authorization: Bearer $LOOP_API_KEY'"
"""
FAILS = f"coord agent fail --reason 'refused: {REASON} and {LOOP}'\n"


def leaks(folder: Path, *but: str) -> list[tuple[str, str]]:
    """Where a canary stands below a folder: file and canary."""
    found = []
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.is_file() and place.parts[0] not in but:
            content = path.read_bytes()
            found += [(str(place), canary) for canary in CANARIES if canary.encode() in content]
    return found


def test_no_secret_is_left_in_what_coord_writes(make: Make) -> None:
    made = make({}, gate="auto", max_attempts=1, max_parallel=3)
    made.own_environment = {"LOOP_API_KEY": LOOP}
    (made.layout.suites / "red.md").write_text(f"---\ncommand: echo '{SUITE}' $LOOP_API_KEY; exit 1\n---\n")
    made.add(1, script=TALKS, title=f"Use {TITLE}")
    made.add(2, script=made.until("fail") + FAILS)
    made.add(3, 1, validation_suites="[red]")
    made.add(4, script=made.until() + FAILS)
    loop = made.start_loop()
    question = wait_until(lambda: made.events("question.asked"), message="the question")[0]
    made.coord("answer", str(question.seq), f"no, {ANSWER}")
    wait_until(lambda: 3 in {e.prompt for e in made.events("step.failed")}, message="prompt 3 to fail")
    made.release("fail")
    wait_until(lambda: 2 in {e.prompt for e in made.events("step.failed")}, message="prompt 2 to fail")
    made.coord("kill", "4", "--reason", f"stop {STEER}", "--yes")
    made.coord("restart", "2", "--reason", f"try {STEER}", "--yes")
    wait_until(lambda: made.events("agent.killed"), message="the end of prompt 4")
    made.coord("stop")
    loop.kill()

    # prompts, scripts and suites are the engineer's own words, worktrees the agent's
    assert leaks(made.layout.coord, "prompts", "scripts", "suites", "worktrees") == []
    everything = b"".join(path.read_bytes() for path in made.layout.coord.glob("events.db*"))
    assert b"[redacted:LOOP_API_KEY]" in everything
    assert b"[redacted:WINDOW_TOKEN]" in everything
    told = (made.layout.attempt("run-1", prompt_work(3), 1) / "prompt.txt").read_text()
    assert "made it with [redacted:anthropic_key], [redacted:LOOP_API_KEY], [redacted:WINDOW_TOKEN]" in told
    traces = (made.layout.attempt("run-1", prompt_work(1), 1) / name for name in ("status.jsonl", "output.jsonl"))
    assert all("[redacted:google_key] [redacted:LOOP_API_KEY]" in path.read_text() for path in traces)
    messages = made.repository.git("log", "--format=%B")
    assert TITLE not in str(messages)
