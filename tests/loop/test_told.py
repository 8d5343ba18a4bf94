"""What agents are told, all the way: from milestone, alignment document, log and learnings to `prompt.txt`."""

import json
from collections.abc import Callable
from pathlib import Path

from support.project import WRITE, Project

from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.model.work import prompt_work

Make = Callable[..., Project]
FIRST = """\
coord decide "canary-decision: a monotonic clock"
echo 1 >one.txt; git add -A; git commit -qm One
coord agent done --summary 'made one' --decision 'kept it small' --limitation 'one only'
"""
TWICE = """\
if [ "$COORD_ATTEMPT" = 1 ]; then
  echo x >half; git add -A; git commit -qm 'Half of it'
  coord agent fail --verdict 'the lock is held' --left 'find who' --learning 'locks are per process'
  exit
fi
coord context >"$COORD_ROOT/../context.txt"
coord context --json >"$COORD_ROOT/../context.json"
"""
MILESTONE = """\
---
title: A milestone
status: open
---
## Goal

It works.

## Constraints

- canary-constraint: no new dependency
"""
ALIGNMENT = """\
# Alignment

What agents report, each report followed by what the engineer says to it. Append-only.

## Milestone

canary-alignment: written in by hand
"""
LEARNINGS = "- run make check first\n- two of them [paths: file-2.txt]\n- about tables [tags: database]\n"


def told(made: Project, number: int, attempt: int = 1) -> str:
    return (made.layout.attempt("run-1", prompt_work(number), attempt) / "prompt.txt").read_text()


def context_of(made: Project, number: int, attempt: int = 1) -> Path:
    return made.layout.attempt("run-1", prompt_work(number), attempt) / "context"


def once(text: str, *words: str) -> None:
    assert {word: text.count(word) for word in words} == dict.fromkeys(words, 1)


def in_order(text: str, *words: str) -> None:
    assert sorted(words, key=text.index) == list(words)


def test_what_was_meant_said_decided_and_learned_reaches_the_agents_that_it_concerns(make: Make) -> None:
    made = make({1: [], 2: [1], 3: [2]}, {1: FIRST, 3: TWICE + WRITE}, max_attempts=2, retry_backoff=0)
    made.layout.milestone.write_text(MILESTONE)
    made.layout.alignment.write_text(ALIGNMENT)
    made.layout.learnings.write_text(LEARNINGS)
    assert made.run_loop() == 0, made.said()

    text = told(made, 3, 2)
    canaries = ("canary-constraint", "canary-alignment", "canary-decision")
    once(text, *canaries, "the lock is held", "find who", "locks are per process", "kept it small", "Half of it")
    once(text, "coord agent done", "coord agent fail", "coord agent blocked", "coord ask", "coord decide", "made one")
    once(text, "two of them", "run make check first", "wrote file 2", "Do 3.", "## Attempt 1 came to nothing")
    in_order(text, "canary-constraint", "Do 3.", "canary-decision", "canary-alignment", "wrote file 2", "made one")
    in_order(text, "made one", "## Attempt 1", "Half of it", "two of them", "run make check first", "coord agent done")
    assert "about tables" not in text
    assert f"{context_of(made, 3, 2)}" in text

    whole = context_of(made, 3, 2)
    assert (whole / "milestone.md").read_text() == MILESTONE
    assert (whole / "learnings.md").read_text() == LEARNINGS
    assert (whole / "alignment.md").read_text().startswith(ALIGNMENT)
    assert "> made one" in (whole / "alignment.md").read_text()
    given = made.events("learning.delivered")
    assert {e.subject: e.data["left"] for e in given} == {"prompt:1": 2, "prompt:2": 2, "prompt:3": 1}
    assert given[-1].data["learnings"] == ["two of them", "run make check first"]
    assert [e.actor_kind for e in given] == ["system"] * len(given)

    assert (made.layout.root.parent / "context.txt").read_text() == text
    record = json.loads((made.layout.root.parent / "context.json").read_text())
    assert (record["prompt"], record["attempt"], record["agent"]) == (3, 2, "executor-03-2")
    assert "\n\n".join(part["text"] for part in record["parts"]) + "\n" == text


def test_what_concerns_others_is_not_told(make: Make) -> None:
    made = make({1: [], 2: []}, {1: FIRST}, max_parallel=1)
    assert made.run_loop() == 0
    assert "canary-decision" not in told(made, 2)
    assert "made one" not in told(made, 2)


def test_five_hundred_decisions_make_no_prompt_longer_than_its_bounds(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: FIRST})
    agent = Actor(ActorKind.AGENT, "planner-1", "planner")
    drafts = [Draft("decision.recorded", "milestone", {"text": f"{n}: " + "words of it " * 80}) for n in range(500)]
    with EventLog(made.layout.events_db) as log:
        log.append(drafts, agent)
    assert made.run_loop() == 0
    text = told(made, 2)
    once(text, "canary-decision")
    assert len(text) < 24_000, len(text)
    decisions = text[text.index("## Decisions") : text.index("## What this builds on")]
    assert len(decisions) <= 10_000
    assert "> - planner-1, on all: 499: words" in decisions
    assert "> - planner-1, on all: 400: words" not in decisions


def test_people_are_shown_what_an_agent_would_be_told(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: FIRST})
    made.layout.milestone.write_text(MILESTONE)
    assert made.run_loop() == 0
    made.add(3, 1)
    shown = made.coord("context", "3").stdout
    once(shown, "canary-constraint", "canary-decision", "> made one", "Do 3.")
    assert "coord agent done" not in shown
    about_all = made.coord("context").stdout
    once(about_all, "canary-constraint")
    assert "Do " not in about_all
    assert "How to plan an iteration" in made.coord("context", "--role", "planner").stdout
    for words, said in ((["9"], "there is no prompt 9"), (["--role", "cook"], "there is no role `cook`")):
        refused = made.coord("context", *words, check=False)
        assert (refused.returncode, said in refused.stderr) == (2, True)


def test_what_an_agent_put_in_the_place_of_its_successors_context_is_not_followed(make: Make) -> None:
    plant = (
        'mkdir -p "$DIR/../attempt-2" "$COORD_ROOT/../away"; ln -s "$COORD_ROOT/../away" "$DIR/../attempt-2/context"\n'
    )
    own = 'DIR="$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/01/attempt-1"\n'
    fails = "coord agent fail --verdict no; exit; fi\n"
    script = 'if [ "$COORD_ATTEMPT" = 1 ]; then\n' + own + plant + fails + WRITE
    made = make({1: []}, {1: script}, max_attempts=2, retry_backoff=0)
    assert made.run_loop() == 0
    assert list((made.layout.root.parent / "away").iterdir()) == []
    assert (context_of(made, 1, 2) / "milestone.md").is_file()
    assert not context_of(made, 1, 2).is_symlink()
