"""Worktrees that are made ready to work in before their agents begin."""

import os
from collections.abc import Callable
from pathlib import Path

from support.project import NOTHING, WRITE, Project
from support.repository import Repository
from support.wait import wait_until

from coordinator.model.work import prompt_work
from coordinator.storage.root import find_root

Make = Callable[..., Project]
COUNT = 'basename "$COORD_WORKTREE" >>"$COORD_ROOT/../{name}"\n'
"""Leaves word of where it ran."""


def set_up(made: Project, text: str) -> None:
    (made.layout.coord / "setup.sh").write_text(text)


def test_an_agent_begins_in_a_worktree_that_was_set_up_for_it(make: Make) -> None:
    script = f'[ -f ready ] && [ "$(cat port)" = "$COORD_PORT" ] && rm ready port where\n{WRITE}'
    made = make({1: [], 2: []}, {1: script, 2: script})
    says = 'echo "installing for $COORD_PROMPT-$COORD_ATTEMPT"; echo "$COORD_PORT" >port; : >ready; pwd >where\n'
    set_up(made, says + '[ "$COORD_WORKTREE" = "$PWD" ] && [ -d "$COORD_ROOT/.coord" ]\n')
    assert made.run_loop() == 0, made.said()
    assert made.states() == {1: "merged", 2: "merged"}
    logs = [made.layout.attempt("run-1", prompt_work(n), 1) / "setup.log" for n in (1, 2)]
    assert [log.read_text() for log in logs] == ["installing for 1-1\n", "installing for 2-1\n"]
    ports = {made.attempts(n)[0]["port"] for n in (1, 2)}
    assert len(ports) == 2
    assert all(port % 10 == 0 and port >= 20_000 for port in ports)


def test_a_set_up_that_fails_halts_nothing_but_its_step(make: Make) -> None:
    made = make({1: [], 2: [1], 3: []}, {1: NOTHING, 2: NOTHING, 3: NOTHING})
    set_up(made, '[ "$COORD_PROMPT" != 1 ] || { echo "no such package"; exit 7; }\n')
    assert made.run_loop("--max-parallel", "1") == 1
    assert made.states() == {1: "failed", 2: "pending", 3: "merged"}
    (failed,) = made.attempts(1)
    assert "setup.sh failed with exit status 7:\nno such package" in failed["reason"]
    assert "no such package" in made.coord("why", "1").stdout
    assert "01 could not be set up, and nothing else can start" in made.said()
    assert [event.subject for event in made.events("agent.started")] == ["agent:executor-03-1"]
    set_up(made, "true\n")
    made.coord("restart", "1", "--yes")
    assert made.run_loop() == 0, made.said()
    assert set(made.states().values()) == {"merged"}


def test_one_that_takes_too_long_is_ended_and_says_so(make: Make) -> None:
    made = make({1: []}, {1: NOTHING}, setup_timeout="0.5")
    set_up(made, "echo waiting for godot; sleep 100\n")
    assert made.run_loop() == 1
    assert "took longer than 0.5 s:\nwaiting for godot" in made.attempts(1)[0]["reason"]


def test_screen_and_commands_tell_that_a_worktree_is_set_up_and_what_it_says(make: Make) -> None:
    made = make({1: []}, {1: NOTHING})
    set_up(made, f"echo resolving; printf '\\033[31mfetching left-pad'\n{made.until()}")
    made.start_loop()
    wait_until(lambda: any(agent.setting_up and agent.doing for agent in made.snapshot().agents), message="its words")
    (agent,) = made.snapshot().agents
    assert (agent.words, "fetching left-pad" in agent.doing, "\033" in agent.doing) == ("setting up", True, False)
    told = made.coord("why", "1").stdout
    assert "setting up" in told.lower()
    assert "fetching left-pad" in told
    assert "fetching left-pad" in made.coord("agents").stdout
    made.release()
    made.wait_for(1, "merged")


def test_killing_an_agent_whose_worktree_is_being_set_up_ends_the_set_up(make: Make) -> None:
    made = make({1: []}, {1: NOTHING})
    begun = made.layout.coord / "begun"
    set_up(made, f': >"{begun}"; sleep 100 & setsid sleep 100 & wait\n')
    made.start_loop()
    wait_until(begun.exists, message="the set-up")
    made.coord("kill", "1", "--hold", "--yes")
    made.wait_for(1, "blocked")
    assert made.agents(1) == []
    set_up(made, "true\n")
    made.coord("restart", "1", "--yes")
    made.wait_for(1, "merged")


def test_a_loop_that_ends_meanwhile_leaves_nothing_running_and_the_next_one_sets_up_again(make: Make) -> None:
    made = make({1: []}, {1: NOTHING})
    begun = made.layout.coord / "begun"
    set_up(made, f'echo x >>"{begun}"; [ "$(wc -l <"{begun}")" -gt 1 ] || sleep 100\n')
    loop = made.start_loop()
    wait_until(begun.exists, message="the set-up")
    made.coord("loop", "stop", check=False)
    loop.terminate()
    assert loop.wait(90) == 0
    wait_until(lambda: made.agents(1) == [], message="the end of the set-up")
    assert made.states() == {1: "dispatched"}
    assert made.run_loop() == 0, made.said()
    assert [attempt["attempt"] for attempt in made.attempts(1)] == [1]
    assert begun.read_text() == "x\nx\n"


def test_four_prompts_that_are_set_up_at_once_all_start_when_that_is_done(make: Make) -> None:
    numbers = (1, 2, 3, 4)
    made = make({n: [] for n in numbers}, dict.fromkeys(numbers, NOTHING))
    begun = made.layout.coord / "begun"
    begun.mkdir()
    set_up(made, f': >"{begun}/$COORD_PROMPT"\n{made.until()}')
    made.start_loop("--max-parallel", "4")
    wait_until(lambda: len(list(begun.iterdir())) == 4, message="four set-ups at once")
    made.release()
    for number in numbers:
        made.wait_for(number, "merged")


def test_files_that_are_named_come_along_and_what_git_knows_stays_out(make: Make) -> None:
    script = f'[ "$(cat .env)" = KEY=1 ] && [ -x node_modules/.bin/tool ] && [ ! -e notes.txt ]\n{WRITE}'
    made = make({1: []}, {1: f"set -e\n{script}"}, copy="[.env, node_modules, notes.txt]")
    made.repository.commit({".gitignore": ".env\nnode_modules/\n"})
    root = made.repository.root
    (root / ".env").write_text("KEY=1")
    (root / "notes.txt").write_text("mine")
    (root / "node_modules/.bin").mkdir(parents=True)
    (root / "node_modules/.bin/tool").write_text("#!/bin/sh\n")
    (root / "node_modules/.bin/tool").chmod(0o755)
    assert made.run_loop() == 0, made.said()
    assert made.repository.git("show", "--stat", "--format=", "main^2").strip().startswith("file-1.txt")
    assert "notes.txt is not copied: git does not ignore it" in made.events("problem.not_copied")[0].data["reason"]
    assert (root / ".env").read_text() == "KEY=1"


def test_a_repository_with_a_failing_post_checkout_hook_starts_with_a_word(make: Make) -> None:
    made = make({1: []}, {1: WRITE})
    hook = made.repository.root / ".git/hooks/post-checkout"
    hook.write_text("#!/bin/sh\necho hook is broken >&2\nexit 1\n")
    hook.chmod(0o755)
    set_up(made, "echo set up all the same\n")
    assert made.run_loop() == 0, made.said()
    assert "hook is broken" in made.events("problem.worktree")[0].data["reason"]


def test_suites_run_in_a_checkout_that_is_set_up_as_worktrees_are(make: Make) -> None:
    made = make({}, {}, copy="[.env]")
    made.add(1, validation_suites="[unit]")
    made.repository.commit({".gitignore": ".env\nready\n"})
    (made.repository.root / ".env").write_text("KEY=1")
    check = '[ -e ready ] && [ "$(cat .env)" = KEY=1 ] && [ "$COORD_PORT" -ge 20000 ] && [ "$COORD_WORKTREE" = "$PWD" ]'
    (made.layout.suites / "unit.md").write_text(f"---\ncommand: |\n  {check}\n---\n")
    set_up(made, f": >ready; {COUNT.format(name='set-up')}")
    (made.layout.coord / "teardown.sh").write_text(COUNT.format(name="torn-down"))
    assert made.run_loop() == 0, made.said()
    places = [(made.repository.root.parent / name).read_text().split() for name in ("set-up", "torn-down")]
    assert places[0][0] == "01-1"
    assert [place[:5] for place in (places[0][1], places[1][0])] == ["gate-", "gate-"]
    assert places[1][1:] == ["01-1"]
    assert list(made.layout.worktrees.iterdir()) == []


def test_a_merge_result_that_cant_be_set_up_comes_back_with_the_reason(make: Make) -> None:
    made = make({}, {}, max_attempts=1)
    made.add(1, validation_suites="[unit]", script=f"[ $COORD_ATTEMPT = 1 ] || touch fixed\n{WRITE}")
    (made.layout.suites / "unit.md").write_text("---\ncommand: 'true'\n---\n")
    says = "case $COORD_WORKTREE in */gate-*) [ -e fixed ] || { echo no lock file; exit 3; } ;; esac\n"
    set_up(made, says)
    assert made.run_loop() == 0, made.said()
    first, _ = made.attempts(1)
    assert ".coord/setup.sh failed with exit status 3 on the merge result:\nno lock file" in first["reason"]


def test_a_teardown_that_fails_is_told_and_keeps_nothing(make: Make) -> None:
    made = make({1: []}, {1: WRITE})
    (made.layout.coord / "teardown.sh").write_text("echo the database is busy; exit 2\n")
    assert made.run_loop() == 0, made.said()
    assert list(made.layout.worktrees.iterdir()) == []
    assert (
        "teardown.sh failed with exit status 2:\nthe database is busy"
        in made.events("problem.teardown")[0].data["reason"]
    )


def test_submodules_are_there_for_all_who_start_at_once_without_the_network(make: Make) -> None:
    numbers = (1, 2, 3, 4)
    made = make({n: [] for n in numbers}, dict.fromkeys(numbers, f"[ -f lib/sub/src/app.py ] || exit 1\n{WRITE}"))
    origin = Repository(made.repository.root.parent / "origin")
    allow = ("-c", "protocol.file.allow=always")
    made.repository.git(*allow, "submodule", "add", "--quiet", str(origin.root), "lib/sub")
    made.repository.git("commit", "--quiet", "-am", "With a submodule")
    origin.root.rename(origin.root.with_name("gone"))
    assert made.run_loop("--max-parallel", "4") == 0, made.said()
    assert set(made.states().values()) == {"merged"}
    assert made.events("problem.worktree") == []


def test_a_submodule_that_points_elsewhere_by_then_is_right_in_a_worktree_made_ahead(make: Make) -> None:
    moves = (
        "git -C lib/sub checkout -q HEAD~1 && git add -A && git commit -qm older && coord agent done --summary done\n"
    )
    waits = 'while [ ! -e "$COORD_ROOT/../go" ]; do sleep 0.02; done\n'
    sees = f'[ "$(git -C lib/sub log --format=%s -1)" = Work ] && [ -z "$(git status --porcelain)" ] || exit 1\n{WRITE}'
    made = make({1: [], 2: [1]}, {1: f"set -e\n{waits}{moves}", 2: sees})
    origin = Repository(made.repository.root.parent / "origin")
    origin.commit({"new.txt": "1"})
    made.repository.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(origin.root), "lib/sub")
    made.repository.git("commit", "--quiet", "-am", "With a submodule")
    loop = made.start_loop("--until-idle")
    wait_until(lambda: '"ready": true' in _text(made.layout.worktrees / ".02-1.warm"), message="the second worktree")
    (made.repository.root.parent / "go").touch()
    assert loop.wait(90) == 0, made.said()


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_worktrees_lie_where_the_setting_says_and_agents_there_find_their_project(make: Make) -> None:
    sees = (
        f'[ "$(env -u COORD_ROOT coord status --json | head -c 20)" ] && echo "$PWD" >"$COORD_ROOT/../place"\n{WRITE}'
    )
    made = make({1: [], 2: [1]}, {1: f"set -e\n{sees}", 2: WRITE}, worktrees="../elsewhere")
    made.repository.git("add", "-f", ".coord/coord.yaml")  # a copy of the project's folder is in each worktree
    made.repository.git("commit", "-qm", "Settings")
    assert made.run_loop() == 0, made.said()
    place = Path((made.repository.root.parent / "place").read_text().strip())
    folder = made.repository.root.parent / "elsewhere" / made.layout.worktrees.name
    assert (place, made.layout.worktrees) == (folder / "01-1", folder)
    assert [path.name for path in folder.iterdir()] == [".coord-project"]
    assert find_root(str(folder / "03-1" / "src")) == str(made.layout.root)
    assert not (made.layout.coord / "worktrees").exists()


def test_a_pointer_of_somebody_else_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "project" / ".coord").mkdir(parents=True)
    (tmp_path / "01-1" / ".coord").mkdir(parents=True)
    pointer = tmp_path / ".coord-project"
    pointer.write_text(f"{tmp_path / 'project'}\n")
    assert find_root(str(tmp_path / "01-1")) == str(tmp_path / "project")
    assert find_root(str(tmp_path / "other")) is None
    if os.geteuid() == 0:
        os.chown(pointer, 65534, 65534)
        assert find_root(str(tmp_path / "01-1")) == str(tmp_path / "01-1")
    pointer.unlink()
    os.mkfifo(pointer)
    assert find_root(str(tmp_path / "01-1")) == str(tmp_path / "01-1")
