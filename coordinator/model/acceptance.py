"""What shows that the acceptance criteria of merged prompts are met: the commands that their hand-offs name. Pure.

As with criteria of the milestone, only what the harness itself ran counts. But nobody is asked about a command, and
what ran once is not run again because the base moved: both would hold up the work of a day for each hand-off.
"""

from collections.abc import Iterable, Iterator

from coordinator.lazy import regex
from coordinator.model.checks import Checks, Handed
from coordinator.model.round import Claim, Criterion, Phase, Round
from coordinator.model.snapshot import Question
from coordinator.model.step import Receipt
from coordinator.model.witnesses import ONCE, Leave, Shown, Standing, Want, about_command, leave_for, shown, unreadable

MOST = 20
"""Commands of one hand-off that are looked at."""
_ID = regex.compile(r"(?i)AC-([0-9]{1,9})-([1-9][0-9]{0,8})")
_LABEL = regex.compile(r"AC-([0-9]{1,9})(?:-([0-9]{1,9}))?:\s+")
_WORST_FIRST = (Shown.FAILED, Shown.CLAIMED, Shown.STALE, Shown.WITNESSED)


def id_of(number: int, place: int) -> str:
    """`AC-07-1`: the first acceptance criterion of prompt 7."""
    return f"AC-{number:02d}-{place}"


def prompt_of(name: str) -> int | None:
    """The prompt that an acceptance criterion is one of, by its id; None for any other name."""
    match = _ID.fullmatch(name.strip())
    return int(match[1]) if match else None


def handed(number: int, texts: Iterable[str], receipt: Receipt | None) -> tuple[Handed, ...]:
    """The acceptance criteria of a prompt, in their order; `receipt`: of its merged attempt, None before that."""
    criteria = [Criterion(id_of(number, place), text) for place, text in enumerate(texts, 1)]
    named: dict[str, list[str]] = {one.id: [] for one in criteria}
    for said in receipt.checks[:MOST] if receipt is not None and receipt.outcome == "done" else ():
        label = _LABEL.match(said)
        command = said[label.end() if label is not None else 0 :].strip()
        for one in criteria:
            meant = label is None or _means(label[1], label[2], number, one.id)
            if meant and command and command not in named[one.id]:
                named[one.id].append(command)
    since = receipt.log_seq if receipt is not None else 0
    return tuple(Handed(one, tuple(named[one.id]), since) for one in criteria)


def standings(checks: Checks) -> tuple[Standing, ...]:
    """What is known of each of the criteria. Where several commands are to show one, the worst of them tells."""
    return tuple(_standing(checks, one) for one in checks.criteria)


def wanted(checks: Checks, questions: Iterable[Question]) -> tuple[Want, ...]:
    """The commands that are to run now and may, in a sandbox at least; each once, whatever it is claimed to show."""
    if not checks.base:
        return ()
    # leave for a single run was given for what a Verifier claims, and is not used up here
    known = [one for one in questions if (one.answer or "").strip().rstrip(".!").casefold() != ONCE]
    found: dict[tuple[str, Leave], list[str]] = {}
    for one in checks.criteria:
        for command in one.commands:
            leave = _leave(checks, one, command, known)
            if leave is not None:
                found.setdefault((command, leave), []).append(one.criterion.id)
    return tuple(Want(command, tuple(criteria), leave) for (command, leave), criteria in found.items())


def _leave(checks: Checks, one: Handed, command: str, questions: list[Question]) -> Leave | None:
    """With which leave a command is to run now; None: it is not to run."""
    about = about_command(command)
    check = (one.criterion.id, about)
    ran, asked = checks.runs.get(check), checks.asked.get(check)
    began = checks.began.get(about, 0)
    if asked is not None and asked.seq > max(one.since, began, ran.seq if ran is not None else 0):
        return Leave.GIVEN if not unreadable(command) else None
    if ran is not None and ran.seq > one.since:
        return None
    leave = leave_for(command, Round(0, Phase.EXECUTING, allowed=checks.allowed), questions)
    if leave is Leave.SANDBOX and checks.left.get(check, 0) > one.since:
        return None
    return leave if leave in (Leave.GIVEN, Leave.SANDBOX) else None


def _standing(checks: Checks, one: Handed) -> Standing:
    acceptance = checks.accepted.get(one.criterion.id)
    each = sorted(_of_commands(checks, one), key=lambda found: _WORST_FIRST.index(found.shown))
    worst = each[0] if each else Standing(one.criterion, Shown.OPEN)
    if acceptance is None or not acceptance.of(one.criterion):
        return worst
    return Standing(one.criterion, Shown.ACCEPTED, worst.claim, worst.witness, worst.fresh, acceptance)


def _of_commands(checks: Checks, one: Handed) -> Iterator[Standing]:
    for command in one.commands:
        claim = Claim(one.criterion.id, "met", command)
        ran = checks.runs.get((one.criterion.id, about_command(command)))
        if ran is not None and ran.seq <= one.since:
            ran = None
        fresh = ran is not None and bool(checks.base) and ran.commit == checks.base
        failed = ran is not None and not ran.held  # it stays so until it runs again, which nothing but a human does
        yield Standing(one.criterion, Shown.FAILED if failed else shown(claim, ran, fresh), claim, ran, fresh)


def _means(first: str, second: str | None, number: int, name: str) -> bool:
    """Whether `AC-FIRST-SECOND`, or in the prompt itself `AC-FIRST`, is the criterion of that name."""
    if second is None:
        return id_of(number, int(first)) == name
    return int(first) == number and id_of(number, int(second)) == name
