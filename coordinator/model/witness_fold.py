"""What ran for which criterion, what humans accepted and asked for, and numbers of criteria: folded from events."""

from collections.abc import Mapping

from coordinator.lazy.typing import Any
from coordinator.model.acceptance import prompt_of
from coordinator.model.checks import Check
from coordinator.model.criterion_numbers import EVENTS as NUMBERS
from coordinator.model.criterion_numbers import Numbers
from coordinator.model.event import ActorKind, Event
from coordinator.model.milestone_names import PerMilestone
from coordinator.model.round import Acceptance, Asked, Witness
from coordinator.model.witnesses import about_command

BEGUN, RUN, LEFT = "witness.begun", "witness.run", "witness.left"
ACCEPTED, ASKED = "criterion.accepted", "witness.asked"
EVENTS = (BEGUN, RUN, ASKED, LEFT, *NUMBERS)
"""Kinds that it reads."""


class WitnessFold:
    """By criterion, up to the last event fed. A mapping is the same while nothing is new.

    Another milestone begins anew; what a human accepted of one holds again when it comes back.
    """

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.witnesses: Mapping[str, Witness] = {}
        self.accepted: Mapping[str, Acceptance] = {}
        self.asked: Mapping[str, Asked] = {}
        self.runs: Mapping[Check, Witness] = {}
        """Of acceptance criteria of prompts, which outlive milestones; by criterion and command, as the next two."""
        self.asked_runs: Mapping[Check, Asked] = {}
        self.left: Mapping[Check, int] = {}
        """What may not run unasked, and the event that tells it."""
        self._others = PerMilestone()
        self.began: Mapping[str, int] = {}
        """What a question about a command is about → the newest event of a run of it outside of a sandbox. Answers
        live on in the next milestone, so this does too."""

    def feed(self, event: Event) -> None:
        """Take the next event; those of other kinds change nothing."""
        self.numbers.feed(event)
        if event.kind == "milestone.created":
            self.witnesses, self.asked = {}, {}
            of_prompts = {name: said for name, said in self.accepted.items() if prompt_of(name) is not None}
            own = {name: said for name, said in self.accepted.items() if name not in of_prompts}
            self.accepted = {**self._others.turn(event, own), **of_prompts}
        began = event.kind == BEGUN or (event.kind == RUN and event.data.get("sandboxed") is not True)
        if began and event.actor_kind == ActorKind.SYSTEM:
            self.began = {**self.began, _about(event): event.seq}
        criterion = criterion_of(event.subject)
        if not criterion:
            return
        if prompt_of(criterion) is not None and event.kind != ACCEPTED:
            self._of_prompt(event, criterion)
        elif event.kind == RUN and event.actor_kind == ActorKind.SYSTEM:
            self.witnesses = {**self.witnesses, criterion: witness_of(event, criterion)}
        elif event.kind == ACCEPTED and event.actor_kind == ActorKind.HUMAN:
            text, reason, digest = (_text(event, key) for key in ("text", "reason", "digest"))
            said = Acceptance(criterion, text, event.actor, reason, event.seq, digest)
            self.accepted = {**self.accepted, criterion: said}
        elif event.kind == ASKED and event.actor_kind == ActorKind.HUMAN:
            self.asked = {**self.asked, criterion: Asked(criterion, _text(event, "command"), event.actor, event.seq)}

    def _of_prompt(self, event: Event, criterion: str) -> None:
        check = (criterion, _about(event))
        if event.kind == ASKED and event.actor_kind == ActorKind.HUMAN:
            self.asked_runs = {
                **self.asked_runs,
                check: Asked(criterion, _text(event, "command"), event.actor, event.seq),
            }
        elif event.kind == RUN and event.actor_kind == ActorKind.SYSTEM:
            self.runs = {**self.runs, check: witness_of(event, criterion)}
        elif event.kind == LEFT and event.actor_kind == ActorKind.SYSTEM:
            self.left = {**self.left, check: event.seq}


def criterion_of(subject: str) -> str:
    """`SC-3` for `criterion:SC-3`; empty for anything else."""
    kind, _, name = subject.partition(":")
    return name if kind == "criterion" else ""


def witness_of(event: Event, criterion: str) -> Witness:
    """The run that an event tells; one without an exit status did not hold."""
    exit_, seconds, doubts = (event.data.get(key) for key in ("exit", "seconds", "doubts"))
    return Witness(
        criterion,
        _text(event, "command"),
        exit_ if type(exit_) is int else 1,
        _text(event, "commit"),
        _text(event, "digest"),
        event.seq,
        event.ts,
        float(seconds) if isinstance(seconds, int | float) else 0.0,
        _text(event, "output"),
        event.data.get("sandboxed") is True,
        tuple(map(str, doubts)) if isinstance(doubts, list) else (),
        _text(event, "about"),
        _text(event, "start"),
        event.data.get("held_before") is True,
    )


def _about(event: Event) -> str:
    return _text(event, "about") or about_command(_text(event, "command"))


def _text(event: Event, key: str) -> str:
    value: Any = event.data.get(key)
    return value if isinstance(value, str) else ""
