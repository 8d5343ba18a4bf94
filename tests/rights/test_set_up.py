"""Strict mode: what sets up a worktree, or clears up in it, runs as a user of the agents, and never as root."""

from support.project import WRITE
from support.strict import AGENTS, USER, needs_strict, strict_project

pytestmark = needs_strict


def test_a_worktree_is_set_up_by_the_user_of_its_agent_and_torn_down_by_the_gates() -> None:
    sees = (
        '[ "$(cat .env)" = KEY=1 ] && [ "$(stat -c %U made)" = "$(id -un)" ] && [ "$(stat -c %U .env)" = "$(id -un)" ]'
    )
    scripts = dict.fromkeys((1, 2), f"set -e\n{sees}\nrm made\n{WRITE}")
    with strict_project({1: [], 2: [1]}, scripts, copy="[.env]", gate="auto") as made:
        made.add(3, 2, validation_suites="[who]", script=scripts[1])
        made.layout.suites.joinpath("who.md").write_text('---\ncommand: test "$(stat -c %U made)" = "$(id -un)"\n---\n')
        made.repository.commit({".gitignore": ".env\n"})
        (made.repository.root / ".env").write_text("KEY=1")
        told = made.repository.root.parent / "told"
        told.mkdir(mode=0o777)
        told.chmod(0o777)
        for name in ("setup", "teardown"):
            says = f'id -un >>"$COORD_ROOT/../told/{name}-$(basename "$COORD_WORKTREE" | cut -c1-4)"; : >made\n'
            (made.layout.coord / f"{name}.sh").write_text(says)
        assert made.run_loop() == 0, made.said()
        assert made.states() == {1: "merged", 2: "merged", 3: "merged"}
        found = {path.name: path.read_text().split() for path in told.iterdir()}
        assert found.pop("setup-gate") == found.pop("teardown-gate") == [USER]
        for number in (1, 2, 3):
            (who,) = found[f"setup-0{number}-1"]
            assert who in AGENTS
            assert found[f"teardown-0{number}-1"] == [USER]
