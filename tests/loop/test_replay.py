"""What a replay shows of a moment is what was seen at that moment."""

import json
from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.client.history import History
from coordinator.client.opening import project_at
from coordinator.model.snapshot import Snapshot

Make = Callable[..., Project]


def seen(snapshot: Snapshot) -> dict[str, object]:
    """What graph, agents and questions show."""
    return {
        "order": snapshot.graph.order,
        "edges": dict(snapshot.graph.dependencies),
        "titles": {n: (p.title, p.type, p.priority, p.status, p.attempts) for n, p in snapshot.prompts.items()},
        "steps": {n: (s.state, s.attempt.attempt if s.attempt else 0) for n, s in snapshot.steps.items()},
        "agents": [(a.id, a.role, a.prompt, a.runtime, a.state.ended) for a in snapshot.agents],
        "questions": [(q.seq, q.text, q.answer) for q in snapshot.questions],
        "loop": (snapshot.loop.state, snapshot.loop.alive),
        "milestone": snapshot.milestone,
        "run": snapshot.run,
    }


@pytest.mark.slow
def test_a_replay_shows_what_was_seen(make: Make) -> None:
    ask = 'coord ask "Which?" --option a --wait >answer.txt\n'
    made = make({1: [], 2: [1], 3: [], 4: [1]}, {1: ask + WRITE}, max_parallel=2)
    (made.layout.scripts / "03.sh").write_text(made.until("fail") + "exit 1\n")
    moments: dict[int, dict[str, object]] = {}

    def remember(settled: Callable[[Snapshot], bool]) -> None:
        """Take a look once the project has come to rest in a state."""

        def look() -> Snapshot | None:
            snapshot = made.snapshot()
            rests = settled(snapshot) and all(map(made.is_logged, snapshot.steps.values()))
            return snapshot if rests and made.events()[-1].seq == snapshot.head else None

        found = wait_until(look, message="a moment of rest")
        moments[found.head] = seen(found)

    def described(snapshot: Snapshot) -> bool:
        """The loop has told the log of the newest prompts."""
        told = [row[0] for event in made.events("run.prompts") for row in event.data["prompts"]]  # type: ignore[attr-defined]
        return set(told) == set(snapshot.prompts)

    made.coord("edit", "4", "--set", "priority=high", "--yes")
    made.start_loop()
    remember(lambda s: len(s.open_questions) == 1 and all(s.steps[n].state == "running" for n in (1, 3)))
    made.coord("interject", "--title", "In between", "--after", "1", "--before", "2", "--yes")
    (made.layout.scripts / "05.sh").write_text(WRITE)
    remember(lambda s: s.graph.dependencies[2] == (1, 5) and described(s))
    made.add(6, 2)
    remember(lambda s: 6 in s.prompts and described(s))
    made.coord("answer", str(made.events("question.asked")[0].seq), "a")
    remember(lambda s: all(s.prompts[n].status == "done" for n in (1, 2, 4, 5, 6)))
    made.release("fail")
    remember(lambda s: s.loop.state == "halted" and s.prompts[3].status == "failed")

    assert len(moments) == 5
    history = History(project_at(str(made.layout.root)))
    film = history.film()
    for seq in (*moments, *reversed(moments)):
        assert (seq, seen(film.at(seq).snapshot())) == (seq, moments[seq])
    history.close()


@pytest.mark.slow
def test_the_status_of_a_time_is_printed(make: Make) -> None:
    made = make({1: [], 2: [1]})
    assert made.run_loop() == 0
    merged = next(event.seq for event in made.events("step.merged"))
    told = json.loads(made.coord("log", "--as-of", str(merged), "--json").stdout)
    assert {prompt["number"]: prompt["step"] for prompt in told["prompts"]} == {1: "merged", 2: "pending"}
    assert told["as_of"]["seq"] == merged
    assert told["counts"]["merged"] == 1
    now = json.loads(made.coord("status", "--json").stdout)
    assert told.keys() == now.keys() | {"as_of"}
    assert f"as of event {merged}" in made.coord("log", "--as-of", str(merged)).stdout
    filtered = made.coord("log", "--until", str(merged), "--kind", "step.merged", "--json").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in filtered] == [merged]
    beyond = made.coord("log", "--as-of", "100000", check=False)
    assert (beyond.returncode, "the log goes to" in beyond.stderr) == (2, True)
    mixed = made.coord("log", "--as-of", "1", "--kind", "step", check=False)
    assert (mixed.returncode, "--until" in mixed.stderr) == (2, True)
