"""Agents that get nowhere: a human is warned, in words, as long as it lasts; nobody is ended."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.model.clock import timestamp
from coordinator.model.stuck import Cause, Stuck
from coordinator.model.work import prompt_work

Make = Callable[..., Project]
HERE = 'where="$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/$(printf %02d "$COORD_PROMPT")/attempt-$COORD_ATTEMPT"\n'
COUNT = 'n=$((n + 1)); echo "{\\"tokens\\": $n}" >"$where/.usage" && mv "$where/.usage" "$where/usage.json"\n'
"""An agent's tokens grow."""


def spin(made: Project, what: str, name: str = "go") -> str:
    """Lines that do something again and again until `release`."""
    return HERE + f"n=0\nwhile [ ! -e {go(made, name)} ]; do\n{what}sleep 0.1; done\n"


def go(made: Project, name: str = "go") -> str:
    return made.until(name).split()[4]


def stuck(made: Project, number: int = 1) -> Stuck | None:
    return next((agent.stuck for agent in made.snapshot().agents if agent.prompt == number), None)


def warned(made: Project, number: int = 1, cause: Cause | None = None) -> Stuck:
    """The warning, once it comes; with `cause`, once it is for that: what seems to grow may have just ended."""

    def found() -> Stuck | None:
        seen = stuck(made, number)
        return seen if seen is None or cause in (None, seen.cause) else None

    try:
        return wait_until(found, message=f"the warning {cause or ''}")
    except AssertionError as error:
        log = made.coord("log").stdout[-3000:]
        raise AssertionError(f"{error}; {made.snapshot().agents}\n{log}\n{made.said()[-3000:]}") from None


def said(made: Project, number: int = 1) -> list[dict[str, Any]]:
    """What the log tells of it: warnings and their ends."""
    events = made.events("agent.status")
    return [dict(e.data) for e in events if "stuck" in e.data and e.data["prompt"] == number]


def over(made: Project) -> str:
    """Why a warning ended, once it has."""
    ends = wait_until(lambda: [told for told in said(made) if not told["stuck"]], message="the end of the warning")
    return str(ends[-1]["reason"])


@pytest.mark.slow
def test_an_agent_that_hangs_is_told_of_everywhere_and_goes_on_by_itself(make: Make) -> None:
    made = make({1: []}, stuck_after=1)
    (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
    loop = made.start_loop("--until-idle")
    found = warned(made, cause=Cause.MUTE)
    (agent,) = json.loads(made.coord("agents", "--json").stdout)["agents"]
    assert agent["stuck"].startswith("no output at all for ")
    assert (agent["state"], agent["stuck_since"]) == ("working", found.since_iso)
    status = json.loads(made.coord("status", "--json").stdout)
    assert status["counts"]["stuck"] == 1
    assert status["agents"][0]["stuck"].startswith("no output at all for ")
    shown = made.coord("status").stdout
    assert "! executor-01-1 seems stuck: no output at all for " in shown
    assert "coord attach 1 | coord restart 1" in shown
    assert "scripted stuck: no output at all for " in shown
    assert "seems stuck: no output at all for " in made.coord("agents").stdout
    assert "executor 01 seems stuck: no output at all for " in made.coord("log").stdout
    warning = said(made)[-1]
    assert (warning["stuck"], warning["since"], warning["state"]) == ("mute", found.since_iso, "working")
    assert made.states() == {1: "running"}
    made.release()
    assert loop.wait(90) == 0
    assert made.states() == {1: "merged"}
    assert stuck(made) is None


SLOW_MKDIR = """\
#!/bin/sh
{mkdir} "$@" || exit 1
case "$*" in */started) {until} ;; esac
"""


def test_an_agent_whose_launcher_was_slow_to_write_down_its_process_is_looked_at_too(make: Make) -> None:
    made = make({1: []}, stuck_after=1)
    (made.layout.scripts / "01.sh").write_text(made.until("end") + WRITE)
    slow = made.command.with_name("mkdir")
    slow.write_text(SLOW_MKDIR.format(mkdir=shutil.which("mkdir"), until=made.until("launcher").strip()))
    slow.chmod(0o755)
    made.start_loop()
    started = made.layout.attempt("run-1", prompt_work(1), 1) / "started"
    wait_until(lambda: started.exists() and made.events("step.running"), message="the launcher")
    assert not (started / "pid").exists()
    made.release("launcher")
    warned(made, cause=Cause.MUTE)


def test_an_agent_whose_tokens_grow_without_a_changed_file_spins_until_one_changes(make: Make) -> None:
    made = make({1: []}, stuck_after=1)
    script = spin(made, COUNT) + "echo 1 >new.txt\n" + made.until("end") + WRITE
    (made.layout.scripts / "01.sh").write_text(script)
    made.start_loop()
    assert warned(made, cause=Cause.SPINNING).words(0.0).startswith("tokens grow, but no file changed for ")
    made.release()
    assert over(made) == "it gets on again"


@pytest.mark.slow
def test_an_agent_of_any_command_that_only_prints_is_told_of_in_other_words(make: Make) -> None:
    made = make({1: []}, stuck_after=3, runtime="command", command="[sh, ../../scripts/01.sh]")
    (made.layout.scripts / "01.sh").write_text(spin(made, "echo retrying\n") + WRITE)
    loop = made.start_loop("--until-idle")
    warned(made, cause=Cause.PRINTING)
    assert "it prints, but no file changed for " in made.coord("agents").stdout
    made.release()
    assert loop.wait(90) == 0


LOOKS_LIKE_CLAUDE = """\
#!/bin/sh
case "$1" in --version) echo "2.1.300 (Claude Code)"; exit 0;; auth) exit 0;; esac
while [ ! -e {go} ]; do
  date >compiled.txt
  echo '{{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{{"command":"npm test"}}}}' |
    sh "$(dirname "$4")/hook.sh" note
  sleep 0.1
done
rm compiled.txt
coord agent done --no-change --summary "nothing to do"
"""


@pytest.mark.slow
def test_an_agent_that_runs_the_same_command_again_and_again_is_found_by_its_hooks(make: Make, tmp_path: Path) -> None:
    made = make({}, stuck_after=2)
    bin_, home = tmp_path / "clis", tmp_path / "home"
    bin_.mkdir()
    home.mkdir()
    (bin_ / "claude").write_text(LOOKS_LIKE_CLAUDE.format(go=go(made)))
    (bin_ / "claude").chmod(0o755)
    trusted = {"hasCompletedOnboarding": True, "projects": {str(made.layout.root): {"hasTrustDialogAccepted": True}}}
    (home / ".claude.json").write_text(json.dumps(trusted))
    made.own_environment |= {"PATH": f"{bin_}:{made.environment()['PATH']}", "HOME": str(home)}
    made.add(1, agent="claude")
    loop = made.start_loop("--until-idle")
    assert warned(made, cause=Cause.REPEATING).words(0.0) == "the same command again and again for 0s: Bash: npm test"
    made.release()
    assert loop.wait(90) == 0


@pytest.mark.slow
def test_silence_of_tokens_is_told_as_such_and_a_restarted_loop_knows_it_again(make: Make) -> None:
    made = make({1: []}, stuck_after=1)
    (made.layout.scripts / "01.sh").write_text(HERE + "n=0\n" + COUNT + made.until() + WRITE)
    loop = made.start_loop()
    first = warned(made, cause=Cause.SILENT)
    told = said(made)
    loop.kill()
    loop.wait()
    assert stuck(made) is None  # nobody looks: what was thought then may be over
    made.start_loop()
    wait_until(lambda: made.events("run.resumed"), message="the second loop")
    assert warned(made) == first
    assert said(made) == told
    made.release()
    made.wait_for(1, "merged")


def test_a_restarted_loop_judges_by_what_is_on_disk_not_by_when_it_began_to_look(make: Make) -> None:
    made = make({1: []}, stuck_after="none")
    (made.layout.scripts / "01.sh").write_text(HERE + "n=0\n" + COUNT + made.until() + WRITE)
    loop = made.start_loop()
    usage = made.layout.attempt("run-1", prompt_work(1), 1) / "usage.json"
    wait_until(usage.exists, message="the first tokens")
    loop.kill()
    loop.wait()
    counted = usage.stat().st_mtime
    made.layout.config.write_text(made.layout.config.read_text().replace("stuck_after: none", "stuck_after: 1"))
    made.start_loop()
    assert warned(made, cause=Cause.SILENT) == Stuck(Cause.SILENT, counted)


@pytest.mark.slow
def test_an_agent_that_gets_on_is_never_warned_about(make: Make) -> None:
    made = make({1: [], 2: []}, stuck_after=1, max_parallel=2)
    (made.layout.scripts / "01.sh").write_text(spin(made, "n=$((n + 1)); echo $n >work.txt\n") + WRITE)
    (made.layout.scripts / "02.sh").write_text(made.until() + WRITE)
    loop = made.start_loop("--until-idle")
    warned(made, 2)
    assert stuck(made, 1) is None
    made.release()
    assert loop.wait(90) == 0
    assert said(made, 1) == []


@pytest.mark.slow
def test_who_asked_something_or_needs_a_permission_is_not_stuck(make: Make) -> None:
    made = make({1: [], 2: [], 3: []}, stuck_after=1, max_parallel=3)
    asks = 'coord ask "Which way?" --wait\n'
    needs = HERE + 'echo "{\\"state\\": \\"permission\\", \\"at\\": $(date +%s)}" >"$where/status.jsonl"\n'
    (made.layout.scripts / "01.sh").write_text(asks + made.until() + WRITE)
    (made.layout.scripts / "02.sh").write_text(needs + made.until() + WRITE)
    (made.layout.scripts / "03.sh").write_text(made.until() + WRITE)
    loop = made.start_loop("--until-idle")
    warned(made, 3)
    made.sees(lambda snapshot: snapshot.open_questions, message="the question")
    assert [stuck(made, number) for number in (1, 2)] == [None, None]
    made.coord("answer", str(made.snapshot().open_questions[0].seq), "left")
    (answered,) = made.events("question.answered")
    assert warned(made, 1).since_iso >= answered.ts[:19] + "Z"
    assert stuck(made, 2) is None
    made.release()
    assert loop.wait(90) == 0
    assert said(made, 2) == []


@pytest.mark.slow
def test_an_answer_counts_from_when_it_was_given_also_for_a_loop_that_began_later(make: Make) -> None:
    made = make({1: []}, stuck_after="none")
    (made.layout.scripts / "01.sh").write_text('coord ask "Which way?" --wait >/dev/null\n' + made.until() + WRITE)
    loop = made.start_loop()
    question = made.sees(lambda snapshot: snapshot.open_questions, message="the question")[0]
    loop.kill()
    loop.wait()
    made.coord("answer", str(question.seq), "left")
    (answered,) = made.events("question.answered")
    made.layout.config.write_text(made.layout.config.read_text().replace("stuck_after: none", "stuck_after: 1"))
    made.start_loop()
    assert warned(made, cause=Cause.MUTE).since == timestamp(answered.ts)


@pytest.mark.slow
def test_while_the_loop_is_paused_nobody_is_warned(make: Make) -> None:
    made = make({1: []}, stuck_after=1)
    (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
    made.start_loop()
    warned(made)
    made.coord("pause")
    assert over(made) == "it waits for somebody"
    wait_until(lambda: stuck(made) is None, message="the warning to be gone")
    made.coord("resume")
    warned(made)


@pytest.mark.slow
def test_nobody_is_warned_where_it_is_turned_off(make: Make) -> None:
    made = make({1: []}, stuck_after=1)
    (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
    made.start_loop()
    warned(made)
    made.layout.config.write_text(made.layout.config.read_text().replace("stuck_after: 1", "stuck_after: none"))
    assert over(made) == "nobody looks any more"
    wait_until(lambda: stuck(made) is None, message="the warning to be gone")


def test_an_agent_paused_with_its_whole_run_is_not_stuck_because_of_that_for_a_loop_that_began_later(
    make: Make,
) -> None:
    made = make({1: []}, stuck_after="none", run_budget_tokens=1)
    (made.layout.scripts / "01.sh").write_text(HERE + "n=0\n" + COUNT + made.until() + WRITE)
    loop = made.start_loop()
    wait_until(lambda: [e for e in made.events("agent.status") if e.data["state"] == "paused"])
    loop.kill()
    loop.wait()
    made.coord("answer", str(made.snapshot().open_questions[0].seq), "1")
    (answered,) = made.events("question.answered")
    made.layout.config.write_text(made.layout.config.read_text().replace("stuck_after: none", "stuck_after: 1"))
    made.start_loop()
    assert warned(made, cause=Cause.SILENT).since == timestamp(answered.ts)
