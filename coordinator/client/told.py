"""What an agent is told at any time, the same by command and by tool."""

from collections.abc import Iterator

from coordinator.client.look import look
from coordinator.loop.prompt_text import body_of
from coordinator.model.intent import Intent
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.observe.project import Project
from coordinator.services.intent import MILESTONE, intent_of

LONGEST = 24_000
"""Characters of all of it."""


def context_text(project: Project, role: str, agent: str) -> str:
    """The intent of the milestone, the agent's own prompt and the open questions, as Markdown, bounded."""
    snapshot = look(project)
    text = "\n\n".join([*_intent(snapshot), *_prompt(snapshot, agent), *_questions(snapshot)]) + "\n"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n…\n"


def _intent(snapshot: Snapshot) -> Iterator[str]:
    yield f"# {plain(snapshot.milestone.title)}"
    document = snapshot.documents.get(MILESTONE)
    intent = Intent() if document is None else intent_of(document)
    if intent.goal:
        yield f"## Goal\n\n{intent.goal}"
    lists = (
        ("Non-Goals", intent.non_goals),
        ("Constraints", intent.constraints),
        ("Success Criteria", intent.criteria),
    )
    for name, items in lists:
        if items:
            yield f"## {name}\n\n" + "\n".join(f"- {item}" for item in items)


def _prompt(snapshot: Snapshot, agent: str) -> Iterator[str]:
    for number, step in snapshot.steps.items():
        if agent and step.attempt is not None and step.attempt.agent == agent and number in snapshot.prompts:
            prompt = snapshot.prompts[number]
            yield f"# Prompt {prompt.label}: {plain(prompt.title)}\n\n{body_of(prompt).strip()}"


def _questions(snapshot: Snapshot) -> Iterator[str]:
    for question in snapshot.open_questions:
        yield f"## Open question {question.seq} of {question.asker}\n\n{question.text}"
