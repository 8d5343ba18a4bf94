"""Strict mode: the agents at the stations of a pipeline run as one user, that of their prompt, one after the other."""

from collections.abc import Iterator

import pytest
from support.piped import piped, routes, turns
from support.strict import StrictProject, needs_strict, strict_project

pytestmark = needs_strict
SCRIPT = """\
set -eu
test "$(id -u)" != 0
case $COORD_TURN in
  author)
    echo work >work.txt; git add -A; git commit -qm "Work of $COORD_TURN"
    setsid sh -c 'unset COORD_AGENT COORD_ROLE COORD_ROOT COORD_TURN; exec sleep 1000' >/dev/null 2>&1 & ;;
  critic)
    test "$(cat work.txt)" = work
    ! pgrep -r D,R,S,T -u "$(id -u)" -x sleep >/dev/null || exit 8
    COORD_TURN=author COORD_AGENT=01-1-author coord agent done --summary 'not me' || exit 9
    echo stray >stray.txt; echo more >>work.txt; git add work.txt; git commit -qm "Not mine" ; exit ;;
esac
coord agent done --summary "$COORD_TURN is done"
"""
"""The author leaves a process that nothing marks; the critic speaks as another, and changes what is not its own.

A process that has ended may still be listed: only those in other states count."""


@pytest.fixture
def made() -> Iterator[StrictProject]:
    with strict_project({}) as made:
        yield made


def test_each_is_known_by_its_user_and_turn_and_none_lands_what_is_not_its_own(made: StrictProject) -> None:
    piped(made, "author\ncritic retries=0", SCRIPT)
    critic = made.layout.flows / "critic.md"
    critic.write_text(critic.read_text().replace('writes: ["**"]\n', ""))
    assert made.run_loop(timeout=120) == 0, made.said()[-3000:]
    assert turns(made) == ["author done", "critic done"], made.said()[-3000:]
    assert routes(made) == [">author", "author>critic", "critic>"]
    given = [(event.actor, event.subject) for event in made.events("handoff.given")]
    assert given == [
        ("01-1-author", "stage:1/author"),
        ("01-1-critic", "stage:1/critic"),
        ("executor-01-1", "prompt:1"),
    ]
    (violated,) = (event for event in made.events("ownership.violated") if event.subject == "stage:1/critic")
    assert "work.txt" in str(violated.data["files"])
    assert made.repository.git("show", "main:work.txt").strip() == "work"
    assert "stray.txt" not in made.repository.git("ls-tree", "--name-only", "main")
    assert made.states() == {1: "merged"}
    assert made.agents() == []
    (attempt,) = made.attempts(1)
    assert not attempt.get("user")
