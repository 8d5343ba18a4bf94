"""Flows of an iteration as work of the loop: started, watched, settled and cleared away as prompts are, not merged."""

import json
from collections.abc import Callable

import pytest
from support.flow_loop import DONE, flow, loop
from support.project import Project
from support.wait import wait_until

from coordinator.model.snapshot import Agent, AgentState
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import flow_work

Make = Callable[..., Project]


def last(made: Project, name: str) -> Attempt | None:
    return made.snapshot().flows.get(flow_work(1, name))


def ended(made: Project, name: str, state: StepState = StepState.MERGED) -> Attempt:
    """The last attempt at a flow once it is in a state and nothing of it is left."""

    def found() -> Attempt | None:
        attempt = last(made, name)
        return attempt if attempt is not None and attempt.state is state and not attempt.untidy else None

    try:
        return wait_until(found, message=f"{name} to be {state.value}")
    except AssertionError as error:
        raise AssertionError(f"{error}: {last(made, name)}\n{made.said()[-3000:]}") from None


def agent(made: Project, name: str) -> Agent | None:
    return next((one for one in made.snapshot().agents if one.flow == name), None)


def worktrees(made: Project) -> list[str]:
    folder = made.layout.worktrees
    return sorted(path.name for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []


def test_a_specialist_looks_at_the_base_in_a_checkout_of_its_own_and_is_over(make: Make) -> None:
    made = make({})
    head = made.repository.git("rev-parse", "main").strip()
    see = 'git rev-parse HEAD >"$COORD_ROOT/../seen"; git symbolic-ref -q HEAD >>"$COORD_ROOT/../seen" || :\n'
    env = 'env | grep ^COORD_ | sort >"$COORD_ROOT/../env"; cat >"$COORD_ROOT/../told"\n'
    flow(made, "rot", see + env + DONE)
    with loop(made, "rot"):
        attempt = ended(made, "rot")
    assert (attempt.agent, attempt.role, attempt.base) == ("rot-1-1", "specialist", head)
    assert (made.layout.root.parent / "seen").read_text().split() == [head]
    environ = dict(line.split("=", 1) for line in (made.layout.root.parent / "env").read_text().splitlines())
    said = {name: environ[f"COORD_{name}"] for name in ("ROLE", "FLOW", "ITERATION", "ATTEMPT", "RUN", "PROMPT")}
    assert said == {
        "ROLE": "specialist",
        "FLOW": "rot",
        "ITERATION": "1",
        "ATTEMPT": "1",
        "RUN": "run-1",
        "PROMPT": "",
    }
    assert "specialist" in (made.layout.root.parent / "told").read_text()
    kinds = [event.kind for event in made.events() if event.subject == "flow:rot/1"]
    assert kinds == ["step.dispatched", "step.running", "handoff.given", "step.merged"]
    assert worktrees(made) == []
    assert made.repository.git("branch", "--list") == "* main"
    assert made.events("ownership.violated") == []
    assert made.terminals.windows() == [] or all(w.mark.get("agent") != "rot-1-1" for w in made.terminals.windows())


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            "coord agent done --no-change --summary 'all planned' || exit 4\n",
            "ended with exit status 4 without handing off",
        ),
        ("coord agent blocked --reason 'no network'\n", "no network"),
        ("exit 0\n", "ended with exit status 0 without handing off"),
    ],
)
def test_a_planner_without_a_decision_has_failed(make: Make, script: str, reason: str) -> None:
    made = make({})
    (made.layout.scripts / "planner.sh").write_text(script)
    with loop(made, "planner"):
        attempt = ended(made, "planner", StepState.FAILED)
    assert (attempt.role, attempt.reason) == ("planner", reason)
    assert worktrees(made) == []


def test_what_a_reader_changes_is_told_and_thrown_away(make: Make) -> None:
    made = make({})
    (made.layout.coord / "setup.sh").write_text("echo own >made-by-set-up\n")
    flow(
        made,
        "vandal",
        "echo changed >README.md; echo new >new.txt; git add new.txt; git commit -qm mine; echo left >left.txt\n"
        + DONE,
    )
    head = made.repository.git("rev-parse", "main").strip()
    with loop(made, "vandal"):
        attempt = ended(made, "vandal")
    (event,) = made.events("ownership.violated")
    files = event.data["files"]
    assert isinstance(files, list)
    assert event.subject == "flow:vandal/1"
    assert (event.data["agent"], event.data["attempt"]) == (attempt.agent, 1)
    assert {"README.md", "new.txt", "left.txt"} <= set(files)
    assert "made-by-set-up" not in files
    assert any("1 commit made there" in name for name in files)
    assert worktrees(made) == []
    assert made.repository.git("rev-parse", "main").strip() == head


def test_flows_run_beside_each_other_and_each_has_its_agent(make: Make) -> None:
    made = make({})
    for name in ("one", "two"):
        flow(made, name, made.until() + DONE)
    with loop(made, "one", "two"):
        wait_until(
            lambda: sorted(a.id for a in made.snapshot().agents if a.state.at_work) == ["one-1-1", "two-1-1"],
            message="both to work",
        )
        shown = agent(made, "one")
        assert shown is not None
        assert {k: v for k, v in shown.to_json(0.0).items() if k in ("prompt", "flow", "iteration", "role")} == {
            "prompt": None,
            "flow": "one",
            "iteration": 1,
            "role": "specialist",
        }
        assert worktrees(made) == ["one-1", "two-1"]
        made.release()
        ended(made, "one")
        ended(made, "two")


def test_the_flow_file_says_which_agent_it_has(make: Make) -> None:
    made = make({}, command="[sh, -c, 'true']")
    flow(made, "rot", agent="command", model="small")
    with loop(made, "rot"):
        attempt = ended(made, "rot", StepState.FAILED)
    assert (attempt.runtime, attempt.model) == ("command", "small")


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        "dispatch-claimed",
        "dispatch-worktree",
        "dispatch-set-up",
        "dispatch-script",
        "dispatch-window",
        "dispatch-running",
        "settle-ended",
        "step-written",
        "settle-recorded",
    ],
)
def test_killed_at_any_point_one_agent_ran_and_nothing_is_left(make: Make, point: str) -> None:
    made = make({})
    flow(made, "rot", 'echo "$COORD_ATTEMPT" >>"$COORD_ROOT/../ran"\n' + DONE)
    with loop(made, "rot", failpoint=point) as process:
        assert process.wait(90) < 0, made.said()
    with loop(made, "rot"):
        attempt = ended(made, "rot")
    assert attempt.attempt == 1
    assert (made.layout.root.parent / "ran").read_text().split() == ["1"]
    assert worktrees(made) == []
    kinds = sorted(event.kind for event in made.events() if event.subject == "flow:rot/1")
    assert kinds == ["handoff.given", "step.dispatched", "step.merged", "step.running"]


def test_one_that_takes_too_long_is_ended(make: Make) -> None:
    made = make({}, timeout=1)
    flow(made, "rot", made.until())
    with loop(made, "rot"):
        attempt = ended(made, "rot", StepState.FAILED)
    assert "took longer than" in attempt.reason
    assert made.agents() == []


def test_it_is_killed_and_started_again_by_its_name(make: Make) -> None:
    made = make({1: []})
    (made.layout.scripts / "01.sh").write_text(made.until("never"))
    flow(made, "rot", made.until() + DONE)
    with loop(made, "rot"):
        wait_until(lambda: (a := agent(made, "rot")) is not None and a.state.at_work, message="its agent")
        made.coord("kill", "rot-1-1", "--reason", "it looks at the wrong thing", "--yes")
        held = ended(made, "rot", StepState.BLOCKED)
        assert (held.held, held.reason) == (True, "it looks at the wrong thing")
        made.release()
        made.coord("restart", "rot-1-1", "--yes")
        attempt = ended(made, "rot")
        assert attempt.attempt == 2
        refused = made.coord("restart", "rot-1-2", "--yes", check=False)
        assert refused.returncode == 3
        assert "rot-1-2 has handed in what it came to" in refused.stderr
        assert made.snapshot().steps[1].state is StepState.RUNNING, "the prompt of that number was left alone"
    kinds = [event.kind for event in made.events() if event.subject == "flow:rot/1" and event.data.get("attempt") == 1]
    assert kinds == ["step.dispatched", "step.running", "step.blocked", "step.pending"]


def test_commands_name_it_by_its_agent(make: Make) -> None:
    made = make({})
    flow(made, "rot", made.until() + DONE)
    with loop(made, "rot"):
        wait_until(lambda: (a := agent(made, "rot")) is not None and a.state.at_work, message="its agent")
        (shown,) = json.loads(made.coord("agents", "--json").stdout)["agents"]
        assert (shown["id"], shown["prompt"], shown["flow"], shown["iteration"]) == ("rot-1-1", None, "rot", 1)
        assert "rot 1" in made.coord("agents").stdout
        told = made.coord("tell", "rot-1-1", "look again", check=False)
        assert "rot-1-1 can't be told anything while it runs: `scripted` takes no messages" in told.stderr
        attached = made.coord("attach", "rot-1-1", check=False)
        assert "attaching needs a terminal" in attached.stderr
        assert "works on no prompt" in made.coord("cancel", "rot-1-1", check=False).stderr
        made.release()
        ended(made, "rot")
    (run,) = json.loads(made.coord("runs", "1", "--json").stdout)["attempts"]
    assert (run["flow"], run["iteration"], run["prompt"]) == ("rot", 1, None)


def test_a_checkout_that_a_killed_loop_left_is_cleared_by_clean(make: Make) -> None:
    made = make({})
    flow(made, "rot")
    with loop(made, "rot", failpoint="settle-recorded") as process:
        assert process.wait(90) < 0, made.said()
    assert worktrees(made) == ["rot-1"]
    found = json.loads(made.coord("clean", "--yes", "--json").stdout)["leftovers"]
    assert (".coord/worktrees/rot-1", True) in [(one["name"], one["cleared"]) for one in found]
    assert worktrees(made) == []


def test_the_log_as_of_then_has_its_agent(make: Make) -> None:
    made = make({})
    flow(made, "code-rot", made.until() + DONE)
    with loop(made, "code-rot"):
        wait_until(lambda: made.events("agent.started"), message="its agent")
        made.release()
        ended(made, "code-rot")
    (started,) = made.events("agent.started")
    status = json.loads(made.coord("log", "--as-of", str(started.seq), "--json").stdout)
    assert [(a["id"], a["role"], a["flow"], a["iteration"]) for a in status["agents"]] == [
        ("code-rot-1-1", "code-rot", "code-rot", 1)
    ]


def test_what_it_uses_counts_for_the_run_and_its_agent_is_paused_over_budget(make: Make) -> None:
    made = make({}, run_budget_tokens=1000)
    use = 'echo \'{"tokens": 5000}\' >"$COORD_ROOT/.coord/runs/$COORD_RUN/rot/attempt-1/usage.json"\n'
    flow(made, "rot", use + made.until() + DONE)
    with loop(made, "rot"):
        wait_until(lambda: made.events("run.asked"), message="the question")
        (question,) = made.snapshot().open_questions
        assert question.text == "This run has used 5,000 tokens, and its budget of tokens is reached. Go on?"
        wait_until(
            lambda: (a := agent(made, "rot")) is not None and a.state is AgentState.PAUSED,
            message="its agent to be paused",
        )
        made.coord("answer", str(question.seq), "1")
        made.release()
        ended(made, "rot")
    assert made.snapshot().flows_spent[flow_work(1, "rot")].tokens == 5000


def test_one_that_went_down_with_its_server_was_interrupted_and_starts_again(make: Make) -> None:
    made = make({})
    hung_up = 'server=${TMUX#*,}; while kill -0 "${server%,*}"; do sleep 0.02; done 2>/dev/null; exit 129'
    flow(made, "rot", f'[ "$COORD_ATTEMPT" != 1 ] || {{ {hung_up}; }}\n{DONE}')
    with loop(made, "rot"):
        wait_until(lambda: (a := last(made, "rot")) is not None and a.server, message="its record")
        made.terminals.run("kill-server")
        attempt = ended(made, "rot")
    assert (attempt.attempt, attempt.interruptions) == (2, 1)
    (pending,) = made.events("step.pending")
    assert (pending.subject, pending.data["interrupted"]) == ("flow:rot/1", True)
    assert worktrees(made) == []


def test_where_agents_share_the_project_s_folder_it_has_a_checkout_all_the_same(make: Make) -> None:
    made = make({}, isolation="shared")
    flow(made, "rot", "echo x >left.txt\n" + DONE)
    with loop(made, "rot"):
        attempt = ended(made, "rot")
    assert (attempt.base_branch, attempt.base) == ("main", made.repository.head("main"))
    (violated,) = made.events("ownership.violated")
    assert violated.data["files"] == ["left.txt"]
    assert not (made.layout.root / "left.txt").exists()


def test_without_git_it_looks_in_the_project_s_folder(make: Make) -> None:
    made = make({})
    (made.layout.root / ".git").rename(made.layout.root.parent / "git")
    flow(made, "rot", 'pwd >"$COORD_ROOT/../where"\n' + DONE)
    with loop(made, "rot"):
        attempt = ended(made, "rot")
    assert attempt.in_place
    assert (made.layout.root.parent / "where").read_text().strip() == str(made.layout.root)
    assert made.events("ownership.violated") == []
    assert worktrees(made) == []


def test_a_flow_that_is_gone_or_can_t_be_read_is_a_failure_that_says_so(make: Make) -> None:
    made = make({})
    flow(made, "rot")
    (made.layout.flows / "rot.md").write_text("---\nrole: juggler\n---\n# Look\n")
    with loop(made, "rot"):
        attempt = ended(made, "rot", StepState.FAILED)
    assert "there is no flow `rot` that can be used" in attempt.reason
    assert made.agents() == []
