"""The fact at the right edge of a row, for every state that a prompt can be in."""

from datetime import datetime
from functools import partial

import pytest
from support import build
from support.build import NOW, agent, iso, prompt, question, snapshot

from coordinator.lazy.dataclass import replace
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority, PromptStatus, PromptType
from coordinator.model.settings import Settings
from coordinator.model.snapshot import AgentState, Review, Snapshot
from coordinator.model.step import Exit, StepState
from coordinator.model.text import age
from coordinator.views.prompt_row import Facts, Tone, badge, names
from coordinator.views.why import Because, sentence, why

attempt = partial(build.attempt, ago=133)


def fact(shot: Snapshot, number: int = 1, now: float = NOW) -> tuple[str, Tone]:
    return Facts(shot).of(number, now)


def test_a_merged_prompt_tells_how_long_its_agent_worked() -> None:
    done = prompt(1, status=PromptStatus.DONE)
    ended = attempt(1, StepState.MERGED, ago=5000, exit=Exit(0, iso(NOW - 5000 + 461)))
    assert fact(snapshot([done], attempts=[ended])) == ("7m41", Tone.DONE)
    assert fact(snapshot([done])) == ("", Tone.DONE)


def test_a_cancelled_prompt_says_so() -> None:
    assert fact(snapshot([prompt(1, status=PromptStatus.CANCELLED)])) == ("cancelled", Tone.CANCELLED)


def test_a_running_prompt_tells_who_works_and_since_when() -> None:
    shot = snapshot([prompt(1)], attempts=[attempt(1, StepState.RUNNING, runtime="codex")])
    assert fact(shot) == ("codex 2m13", Tone.RUNNING)
    assert fact(shot, now=NOW + 60) == ("codex 3m13", Tone.RUNNING)
    assert fact(snapshot([prompt(1)], attempts=[attempt(1, StepState.DISPATCHED, ago=2)])) == (
        "claude starts 2s",
        Tone.RUNNING,
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (AgentState.PERMISSION, ("codex asks permission", Tone.ATTENTION)),
        (AgentState.WAITING, ("codex waits for input", Tone.ATTENTION)),
        (AgentState.INTERRUPTED, ("codex was interrupted", Tone.ATTENTION)),
        (AgentState.LOST, ("codex is lost", Tone.ATTENTION)),
        (AgentState.RATE_LIMITED, ("codex rate-limited 2m13", Tone.RUNNING)),
        (AgentState.UNKNOWN, ("codex 2m13", Tone.RUNNING)),
    ],
)
def test_an_agent_that_needs_a_human_is_told_instead_of_the_time(state: AgentState, expected: tuple[str, Tone]) -> None:
    shot = snapshot([prompt(1)], attempts=[attempt(1, StepState.RUNNING)], agents=(agent(1, state, runtime="codex"),))
    assert fact(shot) == expected


@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        (None, "codex rate-limited 2m13"),
        (-1.0, "codex rate-limited 2m13"),
        (11.5, "codex rate-limited for 12s"),
        (119.0, "codex rate-limited for 1m59"),
        (3600.0, "codex rate-limited until {:%H:%M}"),
        (3 * 86_400.0, "codex rate-limited until {0.day} {0:%b} {0:%H:%M}"),
    ],
)
def test_a_limit_that_ends_is_told_with_its_end(ahead: float | None, text: str) -> None:
    resets_at = None if ahead is None else NOW + ahead
    limited = replace(agent(1, AgentState.RATE_LIMITED, runtime="codex"), resets_at=resets_at)
    shot = snapshot([prompt(1)], attempts=[attempt(1, StepState.RUNNING)], agents=(limited,))
    assert fact(shot) == (text.format(datetime.fromtimestamp(NOW + (ahead or 0))), Tone.RUNNING)


def test_the_agent_of_the_newest_attempt_counts() -> None:
    old, new = agent(1, AgentState.LOST), agent(1, AgentState.WORKING)

    shot = snapshot(
        [prompt(1)], attempts=[attempt(1, StepState.RUNNING, count=2)], agents=(replace(new, attempt=2), old)
    )
    assert fact(shot) == ("claude 2m13", Tone.RUNNING)


def test_an_open_question_of_its_agent_needs_a_human() -> None:
    running = [attempt(1, StepState.RUNNING)]
    assert fact(snapshot([prompt(1)], attempts=running, questions=(question(1, "Which Redis?"),))) == (
        "claude asks a question",
        Tone.ATTENTION,
    )
    answered = question(1, "Which Redis?", answer="7")
    assert fact(snapshot([prompt(1)], attempts=running, questions=(answered,))) == ("claude 2m13", Tone.RUNNING)


def test_an_agent_over_its_budget_is_paused_or_told_to_go_on_though_it_should_not() -> None:
    for subject in ("prompt:1", "run:run-1"):
        over = (replace(question(1, "Go on?"), subject=subject, about=f"budget/run-1/{subject}/cost/1"),)
        running = [attempt(1, StepState.RUNNING)]
        stopped = snapshot([prompt(1)], attempts=running, questions=over, agents=(agent(1, AgentState.PAUSED),))
        assert fact(stopped) == ("paused: budget", Tone.ATTENTION)
        assert why(stopped, 1, NOW).because == (Because("paused", "paused: budget; answer “Go on?”", "question:41"),)
        behind = snapshot([prompt(1), prompt(2, 1)], attempts=running, questions=over, agents=stopped.agents)
        assert why(behind, 2, NOW).because[0].message == "waits for 01 (paused)"
        goes_on = replace(stopped, agents=(agent(1, AgentState.WORKING),))
        assert fact(goes_on) == ("claude is over its budget", Tone.ATTENTION)


def test_an_open_change_tells_its_size_and_what_it_waits_for() -> None:
    change = attempt(1, StepState.CHANGE_OPEN, added=184, removed=12)
    assert fact(snapshot([prompt(1)], attempts=[change])) == ("review +184 -12", Tone.REVIEW)
    assert fact(snapshot([prompt(1)], attempts=[change], settings=Settings(gate="auto"))) == (
        "checks +184 -12",
        Tone.REVIEW,
    )
    approved = {1: Review(1, 1, True, "abc", "ada")}
    assert fact(snapshot([prompt(1)], attempts=[change], reviews=approved)) == ("approved · merging", Tone.REVIEW)
    old = {1: Review(1, 7, True, "abc", "ada")}
    assert fact(snapshot([prompt(1)], attempts=[change], reviews=old)) == ("review +184 -12", Tone.REVIEW)


def test_a_prompt_whose_agent_was_killed_says_so() -> None:
    for state, text in (
        (StepState.FAILED, "killed, attempt 1 · halted"),
        (StepState.BLOCKED, "killed, held · wrong way"),
    ):
        ended = replace(attempt(1, state), killed=True, held=state is StepState.BLOCKED, reason="wrong way")
        pending = prompt(1, status=PromptStatus.IN_PROGRESS, attempts=1)
        shot = snapshot([pending], attempts=[ended])
        assert fact(shot)[0] == text
        assert sentence(why(shot, 1, NOW)).startswith("Killed, ")


def test_a_failure_tells_its_attempt_and_whether_it_halts_or_is_tried_again() -> None:
    failed = [attempt(1, StepState.FAILED, count=2, ago=3)]
    pending = prompt(1, status=PromptStatus.IN_PROGRESS, attempts=2)
    assert fact(snapshot([pending], attempts=failed)) == ("failed, attempt 2 · halted", Tone.FAILED)
    retried = snapshot([pending], attempts=failed, settings=Settings(max_attempts=3))
    assert fact(retried) == ("failed, attempt 2 · retry in 17s", Tone.FAILED)
    assert fact(retried, now=NOW + 17) == ("failed, attempt 2 · retry now", Tone.FAILED)


def test_held_and_blocked_prompts_tell_the_reason() -> None:
    held = attempt(1, StepState.BLOCKED, held=True, reason="killed by ada")
    assert fact(snapshot([prompt(1, status=PromptStatus.BLOCKED, attempts=1)], attempts=[held])) == (
        "held · killed by ada",
        Tone.BLOCKED,
    )
    blocked = snapshot([prompt(1, status=PromptStatus.BLOCKED)])
    assert fact(blocked) == ("blocked · the file says blocked", Tone.BLOCKED)


def test_a_waiting_prompt_names_only_what_has_not_ended() -> None:
    done, gone = prompt(2, status=PromptStatus.DONE), prompt(3, status=PromptStatus.CANCELLED)
    shot = snapshot([prompt(9), prompt(5), done, gone, prompt(7, 9, 2, 3, 5)])
    assert fact(shot, 7) == ("after 09, 05", Tone.WAITING)
    many = snapshot([*(prompt(n) for n in range(1, 8)), prompt(8, *range(1, 8))])
    assert fact(many, 8) == ("after 01, 02, 03 and 4 more", Tone.WAITING)


def test_missing_dependencies_and_cycles_are_told_as_what_blocks() -> None:
    shot = snapshot([prompt(1, 99), prompt(2, 3), prompt(3, 2), prompt(4, 4), prompt(5, 2)])
    assert fact(shot, 1) == ("needs 99, missing", Tone.BLOCKED)
    assert fact(shot, 3) == ("cycle 02 → 03 → 02", Tone.BLOCKED)
    assert fact(shot, 4) == ("waits for itself", Tone.BLOCKED)
    assert fact(shot, 5) == ("after 02", Tone.WAITING)


def test_a_dependency_whose_file_is_broken_is_not_called_missing() -> None:
    broken = Problem("p/08.prompt.md", 3, "bad-yaml", "a tab", "use spaces", (8,))
    shot = snapshot([prompt(1, 8), prompt(2, 8, 99)], problems=(broken,))
    assert fact(shot, 1) == ("needs 08, unreadable", Tone.BLOCKED)
    assert fact(shot, 2) == ("needs 08, 99, missing", Tone.BLOCKED)


def test_only_the_first_ready_prompt_of_a_running_loop_is_next() -> None:
    prompts = (prompt(1), prompt(2, priority=Priority.HIGH))
    assert fact(snapshot(prompts), 2) == ("next", Tone.NEXT)
    assert fact(snapshot(prompts), 1) == ("ready", Tone.NEXT)
    assert fact(snapshot(prompts, asked="paused"), 2) == ("ready", Tone.NEXT)


def test_an_open_question_holds_ready_prompts_back() -> None:
    asked = (question(1, "Which Redis?"),)
    assert fact(snapshot([prompt(1), prompt(2)], questions=asked), 2) == ("after an answer", Tone.WAITING)
    only = (question(1, "Which Redis?", only_dependents=True),)
    done = prompt(1, status=PromptStatus.DONE)
    shot = snapshot([done, prompt(2), prompt(3, 1)], questions=only)
    assert fact(shot, 2) == ("next", Tone.NEXT)
    assert fact(shot, 3) == ("after an answer", Tone.WAITING)


def test_words_of_others_are_made_safe_and_cut() -> None:
    reason = "\x1b]0;owned\x07" + "long " * 40
    held = attempt(1, StepState.BLOCKED, held=True, reason=reason)
    text, _ = fact(snapshot([prompt(1, status=PromptStatus.BLOCKED, attempts=1)], attempts=[held]))
    assert "\x1b" not in text
    assert len(text) < 60
    evil = snapshot([prompt(1)], attempts=[attempt(1, StepState.RUNNING, runtime="a\x1b[2Jb")])
    assert fact(evil)[0] == "a·[2Jb 2m13"


def test_badges_tell_what_is_not_planned_work() -> None:
    assert badge(prompt(1)) is None
    patch = badge(prompt(1, type=PromptType.USER_PATCH, patches_prompts=(2, 5)))
    assert patch is not None
    assert patch.text == "patches 02, 05"
    assert [badge(prompt(1, type=t)).text for t in (PromptType.EMERGENT, PromptType.REVIEW_FIX)] == [  # type: ignore[union-attr]
        "emergent",
        "review fix",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0s"), (0, "0s"), (59.9, "59s"), (133, "2m13"), (3600, "1h00"), (359999, "99h59"), (360000, "4d")],
)
def test_ages_have_two_units_at_most(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_names_never_shorten_to_one_more() -> None:
    assert names([1, 2, 3], 2) == "01, 02, 03"
    assert names([1, 2, 3, 4], 2) == "01, 02 and 2 more"
