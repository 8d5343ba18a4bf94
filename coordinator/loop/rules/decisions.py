"""What becomes of a Planner's decision: a human is asked where that is wanted, then it is carried out. Pure."""

from collections.abc import Iterator

from coordinator.loop.actions import ApplyDecision, AskOver, RefuseDecision
from coordinator.model.decisions import ABOUT, APPLY, REFUSE, context_of, is_yes, question_about, text_of
from coordinator.model.iteration import needs_word, to_apply
from coordinator.model.round import PLANNER
from coordinator.model.snapshot import Snapshot
from coordinator.model.work import flow_work


def carry_out(snapshot: Snapshot, now: float) -> Iterator[AskOver | ApplyDecision | RefuseDecision]:
    """What is to be done about the decision that nothing came of yet."""
    decided = to_apply(snapshot)
    if decided is None or not snapshot.loop.alive or snapshot.unfinished:
        return
    work = flow_work(decided.iteration, PLANNER)
    given, last = decided.plan.get("attempt"), snapshot.flows.get(work)
    attempt = given if isinstance(given, int) else last.attempt if last is not None else 1
    question = question_about(snapshot.questions, decided)
    if question is None and needs_word(snapshot, decided):
        about = f"{ABOUT}{decided.seq}"
        yield AskOver(work.subject, about, text_of(decided), (APPLY, REFUSE), context_of(decided))
    elif question is None or is_yes(question.answer or ""):
        yield ApplyDecision(work, attempt, decided.seq)
    elif question.answer is not None:
        yield RefuseDecision(work, attempt, decided.seq, question.answer)
