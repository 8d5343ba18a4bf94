"""`coord status`: the snapshot in a screenful, or as JSON. Kept free of slow imports: scripts call it all the time."""

import sys
import time

from coordinator.cli.report import json_text, say, styled
from coordinator.client.look import look, look_stamped
from coordinator.client.opening import Project, open_project
from coordinator.model.snapshot import LoopState, Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import amount, clip, plain, width
from coordinator.model.usage import NOTHING, total

GLYPHS = {
    StepState.PENDING: ("·", "dim"),
    StepState.DISPATCHED: ("▶", "blue"),
    StepState.RUNNING: ("▶", "blue"),
    StepState.CHANGE_OPEN: ("◆", "magenta"),
    StepState.MERGED: ("✓", "green"),
    StepState.FAILED: ("✗", "red"),
    StepState.BLOCKED: ("!", "yellow"),
    StepState.SKIPPED: ("–", "dim"),
}
"""A glyph and a colour for each state; the glyph alone tells them apart."""
_ENDED = (StepState.MERGED, StepState.SKIPPED)
_LOOP_STYLES = {
    LoopState.RUNNING: "green",
    LoopState.FINISHED: "green",
    LoopState.HALTED: "red",
    LoopState.STUCK: "red",
    LoopState.WAITING: "yellow",
    LoopState.PAUSED: "yellow",
}


def print_status(directory: str, *, as_json: bool) -> int:
    """Print where everything stands now; 0."""
    project = open_project(directory)
    if as_json:
        _print_json(project)
    else:
        print_snapshot(look(project), time.time())
    return 0


def _print_json(project: Project) -> None:
    """Print the document, and remember it for the next who asks before anything has changed."""
    from coordinator.model.human_wait import waits_now

    snapshot, stamped = look_stamped(project)
    now = time.time()
    text = json_text(status_json(snapshot, now))
    sys.stdout.write(text)
    pids = [step.attempt.pid for step in snapshot.steps.values() if step.attempt and step.state.live]
    aging = pids or waits_now(snapshot) or any(now - agent.observed_at > 0.5 for agent in snapshot.agents)
    stamped.remember(text, pids=[pid for pid in pids if pid > 1], until=now + 1 if aging else snapshot.due)


def status_json(snapshot: Snapshot, now: float) -> dict[str, object]:
    """The document that `coord status --json` prints; its keys are fixed."""
    from coordinator.views.status_json import document

    return document(snapshot, now)


def print_snapshot(snapshot: Snapshot, now: float) -> None:
    """Print a snapshot for people: what needs them first, then a line a prompt."""
    from coordinator.views.prompt_row import Facts

    _print_head(snapshot, now)
    facts = Facts(snapshot)
    if snapshot.prompts:
        say()
    titles = {number: clip(plain(prompt.title), 60) for number, prompt in snapshot.prompts.items()}
    column = max(map(width, titles.values()), default=0)
    for number in snapshot.graph.order:
        prompt, step = snapshot.prompts[number], snapshot.steps[number]
        glyph, colour = GLYPHS[step.state]
        fact = facts.of(number, now).text
        quiet = "dim" if step.state in _ENDED else ""
        title = titles[number] + " " * (column - width(titles[number]))
        spent = snapshot.used.get(number, NOTHING).words
        told = f"  {fact}" + (f"  {spent}" if spent else "")
        styled([(f" {glyph} ", colour), (f"{prompt.label}  ", "dim"), (title, quiet), (told, "dim")])
    if not snapshot.prompts:
        say("\nNo prompts yet. Write .coord/prompts/01-planned-first.prompt.md; `coord validate` checks it.")
    if snapshot.problems:
        styled([(f"\n{amount(len(snapshot.problems), 'problem')}: ", "yellow"), ("coord validate", "bold")])


def _print_head(snapshot: Snapshot, now: float) -> None:
    from coordinator.model.forecast import forecast
    from coordinator.views.progress import counts_of, left_words, loop_word

    counts = counts_of(snapshot)
    loop, ahead, spent = snapshot.loop, forecast(snapshot, now), total(snapshot.spent.values()).words
    word, left = loop_word(snapshot, counts.live), left_words(snapshot, ahead)
    again = f"  {snapshot.standing}" if "," in snapshot.standing else ""
    name, title = (snapshot.project, "bold"), (f" › {snapshot.milestone.title}", "")
    styled([name, title, (again, "yellow"), (f"  {_run(snapshot)}", "dim")])
    styled(
        [
            (word, _LOOP_STYLES.get(loop.state, "dim") if word == loop.state.value else "yellow"),
            (f" {counts.live}/{loop.max_parallel}" if word == LoopState.RUNNING else "", ""),
            (f"  {counts.words}", ""),
            (f"  {left}" if left else "", ""),
            (f"  {spent}" if spent else "", ""),
            (f"  {loop.reason}" if loop.state is not LoopState.RUNNING else "", "dim"),
            ("; `coord loop` starts one" if loop.state is LoopState.STOPPED and not loop.alive else "", "dim"),
        ]
    )
    _print_flows(snapshot)
    _print_what_it_takes(snapshot, now)
    if ahead.words and len(ahead.critical_path) > 1:
        chain = " → ".join(f"{number:02d}" for number in ahead.critical_path[:12])
        more = f" and {len(ahead.critical_path) - 12} more" if len(ahead.critical_path) > 12 else ""
        styled([(f"longest chain  {chain}{more}", "dim")])
    for agent in snapshot.agents:
        if agent.stuck is not None:
            styled([("! ", "yellow"), (f"{agent.id} seems stuck: {agent.stuck.words(now)}", "bold")])
            styled([(f"  coord attach {agent.handle} | coord restart {agent.handle}", "dim")])
    for question in snapshot.open_questions:
        styled([("? ", "yellow"), (question.text, "bold"), (f"  {question.asker}", "dim")])
        styled([(f"  coord answer {question.seq} …", "dim")])


def _print_flows(snapshot: Snapshot) -> None:
    """Who plans or judges now, or why the iteration ended."""
    there = snapshot.round
    if there is None:
        return
    names = ", ".join(sorted({attempt.work.flow for attempt in snapshot.live_flows}))
    if names:
        styled([(f"{names} at work", "")])
    if there.ending:
        styled([(plain(there.ending), "yellow")])


def _print_what_it_takes(snapshot: Snapshot, now: float) -> None:
    """What prompts that wait are going to take, by kind of agent, and what waited for a human so far."""
    from coordinator.model.expectation import expectations
    from coordinator.model.human_wait import waited_for_human

    waited = waited_for_human(snapshot, now).words
    if waited:
        styled([(waited, "dim")])
    for words in dict.fromkeys(one.words for one in expectations(snapshot).values()):
        styled([(f"next prompt  {words}", "dim")])


def _run(snapshot: Snapshot) -> str:
    if snapshot.run is None:
        return "no run yet"
    run = snapshot.run.replace("-", " ")
    if snapshot.round is not None:
        return f"{run} · iteration {snapshot.round.number} · {snapshot.round.phase.value}"
    return f"{run} · iteration {snapshot.iteration}" if snapshot.iteration else run
