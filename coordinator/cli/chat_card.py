"""A proposal of the coordinator in a terminal: shown as every plan, then applied, edited, rejected or left."""

import json
import sys
import time
from collections.abc import Mapping

from coordinator.cli.confirm import show
from coordinator.cli.report import fail, say, styled
from coordinator.client.look import look
from coordinator.client.opening import Project
from coordinator.client.steering import Steering, actor
from coordinator.desktop.editor import edit_copy
from coordinator.errors import CoordError, Refused, StalePlan
from coordinator.lazy.dataclass import replace
from coordinator.model.clock import iso
from coordinator.model.conversation import Decided, Proposal, ProposedStep
from coordinator.model.plan import Plan
from coordinator.services.proposals import harm, plan_proposal
from coordinator.views.chat_words import proposal_title, read_words


class Card:
    """One proposal, and what the engineer made of it."""

    def __init__(self, project: Project, proposal: Proposal, proposer: str) -> None:
        self._project, self._proposal, self._proposer = project, proposal, proposer
        self._steps = list(proposal.steps)

    def decide(self) -> Decided | None:
        """Ask until something is decided; None: it is left for later."""
        while True:
            plan = self._shown()
            match self._answer(plan is not None):
                case "y" if plan is not None:
                    decided = self._apply(plan)
                    if decided is not None:
                        return decided
                case "n":
                    say("Rejected: nothing was changed.")
                    return Decided(self._proposal.id, "rejected", "the engineer rejected it")
                case "l":
                    return None
                case answer:
                    self._change(answer)

    def _shown(self) -> Plan | None:
        """The plan as things are now, printed; None where there is none, which is said."""
        styled([(proposal_title(self._proposal), "bold")])
        if self._proposal.why:
            styled([(self._proposal.why, "dim")])
        if self._proposal.read:
            styled([(read_words(self._proposal), "dim")])
        if len(self._proposal.steps) > 1:
            for place, step in enumerate(self._steps, start=1):
                styled([(f"  {place} ", "cyan"), (_words(step), "")])
        try:
            who, at = actor().name, iso(time.time())
            plan = plan_proposal(look(self._project), self._steps, who=who, at=at, proposer=self._proposer)
        except CoordError as error:
            fail(error)
            return None
        show(plan)
        for sentence in harm(plan):
            styled([("! ", "red"), (sentence, "red")])
        return plan

    def _answer(self, can_apply: bool) -> str:
        """`y`, `n`, `l`, `e N` or `x N`; without a terminal nobody is there to say yes."""
        if not sys.stdin.isatty():
            say("not applied: nobody is there to confirm it")
            return "l"
        many = len(self._proposal.steps) > 1
        ways = [*(["y applies it"] if can_apply else []), f"e{' N' if many else ''} edits"]
        ways += [*(["x N takes a step out"] if many else []), "n rejects", "l leaves it"]
        try:
            return input(f"{', '.join(ways)}: ").strip().lower()
        except (EOFError, KeyboardInterrupt):
            print()
            return "l"

    def _change(self, answer: str) -> None:
        """Edit a step in $EDITOR as JSON, or take one out."""
        verb, _, number = answer.partition(" ")
        place = int(number) - 1 if number.isascii() and number.isdigit() else 0
        if verb not in ("e", "x") or not 0 <= place < len(self._steps):
            say("that is none of them")
        elif verb == "x":
            del self._steps[place]
        else:
            self._edit(place)

    def _edit(self, place: int) -> None:
        step = self._steps[place]
        text = json.dumps(dict(step.values), ensure_ascii=False, indent=2) + "\n"
        try:
            edited = json.loads(edit_copy(text.encode("utf-8", "replace"), f"{step.service}.json"))
        except ValueError:
            say("that is no JSON any more; the step stays as it was")
            return
        except CoordError as error:
            fail(error)
            return
        if isinstance(edited, Mapping):
            self._steps[place] = replace(step, values=edited)

    def _apply(self, plan: Plan) -> Decided | None:
        """Apply it; None where it was stale or refused, and is to be looked at again."""
        edited = tuple(self._steps) != self._proposal.steps
        try:
            applied = Steering(self._project).apply(plan)
        except StalePlan as stale:
            say(f"{stale.message}; this is the plan for how things are now:")
            return None
        except Refused as refused:
            fail(refused)
            return None
        except CoordError as error:
            fail(error)
            return Decided(self._proposal.id, "failed", error.message, plan.id)
        for note in applied.notes:
            styled([("! ", "yellow"), (note, "")])
        styled([("✓ ", "green"), ("applied", ""), (f"   coord undo {plan.id} takes it back", "dim")])
        return Decided(self._proposal.id, "edited" if edited else "applied", plan.summary, plan.id)


def _words(step: ProposedStep) -> str:
    told = (f"{key} {value}" for key, value in step.values.items() if key != "body" and value)
    return f"{step.service}: {' · '.join(told)}"
