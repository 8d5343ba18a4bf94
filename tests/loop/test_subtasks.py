"""Parts of a prompt that its agent leaves to others, in a real loop."""

from collections.abc import Callable

from support.project import WRITE, Project

Make = Callable[..., Project]
SPLITS = """\
set -eu
if [ "$COORD_ATTEMPT" = 1 ]; then
  echo half >half.txt
  git add -A && git commit -qm "Half of it"
  coord agent subtask --title "What comes first" --waits
  coord agent blocked --reason "the other half comes first"
  exit 0
fi
test -e half.txt
git merge -q --no-edit main
test -e file-2.txt
coord agent done --summary "whole"
"""


def test_a_prompt_that_waits_for_its_part_goes_on_from_where_it_stopped(make: Make) -> None:
    made = make({1: []}, {1: SPLITS})
    (made.layout.scripts / "02.sh").write_text(WRITE)
    assert made.run_loop() == 0, made.said()
    assert [event.prompt for event in made.events("step.merged")] == [2, 1]
    (pending,) = made.events("step.pending")
    told = "the other half comes first; waits for 02, a part of it; `git merge main` brings it here"
    assert pending.data["reason"] == told
    assert told in (made.layout.run("run-1") / "prompts/01/attempt-2/prompt.txt").read_text()
    assert made.snapshot().prompts[2].parent == 1
    assert made.snapshot().milestone.status == "done"


def test_a_part_that_nobody_waits_for_comes_after(make: Make) -> None:
    script = 'coord agent subtask --title "What is left" --body "## Tasks" >/dev/null\n' + WRITE
    made = make({1: []}, {1: script})
    (made.layout.scripts / "02.sh").write_text(WRITE)
    assert made.run_loop() == 0, made.said()
    assert [event.prompt for event in made.events("step.merged")] == [1, 2]


def test_what_is_blocked_by_anything_else_waits_for_a_human(make: Make) -> None:
    made = make({1: []}, {1: 'coord agent blocked --reason "no key"\n'})
    assert made.run_loop() == 1
    assert made.states() == {1: "blocked"}
