"""What shows that a criterion is met: which commands the harness runs now, which it may, and what has been shown. Pure.

A claim is an agent's word. It counts once the harness itself ran its command on the commit that is the base now, and
it held; or a human accepted the criterion as it is worded.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from coordinator.lazy.dataclass import dataclass, replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.round import Acceptance, Asked, Claim, Criterion, Phase, Round, Witness, digest_of
from coordinator.model.snapshot import COMMAND, Question
from coordinator.model.text import plain, plain_lines

ONCE, ALWAYS, NO = "run it once", "always run these words", "no"
OPTIONS = (ONCE, ALWAYS, NO)
"""Answers to whether a command may run. Any other one is a no."""
LONGEST = 2000
"""Characters of a command."""
TIMED_OUT, NOT_READY = 124, 125
"""Exit statuses of a witness whose command took too long, and whose checkout could not be made ready."""


class Shown(StrEnum):
    """How far a criterion is shown to be met."""

    WITNESSED = "witnessed"
    """What is claimed held on the present base."""
    ACCEPTED = "accepted"
    """A human took it for met, as it is worded now."""
    FAILED = "failed"
    """What is claimed did not hold on the present base."""
    STALE = "stale"
    """What is claimed held on an earlier base."""
    CLAIMED = "claimed"
    """It is claimed, and its command has not run."""
    NOT_MET = "not_met"
    """The newest verdict says that it is not met."""
    OPEN = "open"
    """Nothing is known that could show it."""


class Leave(StrEnum):
    """Whether a command may run."""

    GIVEN = "given"
    """As it stands: the project's own words, or a human's."""
    SANDBOX = "sandbox"
    """Only where it can do nothing; else a human is asked."""
    ASKED = "asked"
    """A human is asked, and has not answered."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Standing:
    """A criterion, with what is known of it."""

    criterion: Criterion
    shown: Shown
    claim: Claim | None = None
    witness: Witness | None = None
    """The newest run of anything that was claimed for it."""
    fresh: bool = False
    """It ran on the present base."""
    acceptance: Acceptance | None = None

    @property
    def settled(self) -> bool:
        return self.shown in (Shown.WITNESSED, Shown.ACCEPTED)

    def to_json(self) -> dict[str, object]:
        witness, claim = self.witness, self.claim
        return {
            "id": self.criterion.id,
            "text": self.criterion.text,
            "status": self.shown.value,
            "claim": None if claim is None else {"status": claim.status, "command": claim.command, "note": claim.note},
            "witness": None if witness is None else {**witness.to_json(), "fresh": self.fresh},
            "accepted_by": self.acceptance.by if self.acceptance is not None else None,
            "reason": self.acceptance.reason if self.acceptance is not None else None,
        }


class Want(NamedTuple):
    """A command that is to run on the present base."""

    command: str
    criteria: tuple[str, ...]
    """What it is claimed to show; one run is a witness for all of them."""
    leave: Leave


def standings(current: Round) -> tuple[Standing, ...]:
    """What is known of each criterion of the milestone, in its order."""
    verdict = current.verdict
    claims = {one.id: verdict.claim(one.id) if verdict is not None else None for one in current.criteria}
    shares = Counter(_words(claim) for claim in claims.values() if claim is not None and claim.status == "met")
    return tuple(_standing(current, one, claims[one.id], shares) for one in current.criteria)


def _words(claim: Claim) -> str:
    """A command, however it is spaced."""
    return " ".join(claim.command.split())


def _standing(current: Round, criterion: Criterion, claim: Claim | None, shares: Mapping[str, int]) -> Standing:
    """What is known of one criterion; `shares`: how many each command is claimed for."""
    witness = current.witnesses.get(criterion.id)
    shared = shares.get(_words(claim), 0) if claim is not None else 0
    if witness is not None and witness.exit == 0 and witness.held_before and shared > 1:
        doubt = f"it is claimed for {shared} criteria, and held before that too"
        witness = replace(witness, doubts=(*witness.doubts, doubt))
    fresh = witness is not None and bool(current.base) and witness.commit == current.base
    acceptance = current.accepted.get(criterion.id)
    if acceptance is not None and acceptance.of(criterion):
        return Standing(criterion, Shown.ACCEPTED, claim, witness, fresh, acceptance)
    return Standing(criterion, shown(claim, witness, fresh), claim, witness, fresh)


def unsettled(current: Round) -> tuple[str, ...]:
    """Why the milestone can't be called done as far as its criteria go: a sentence for each that nothing shows."""
    return tuple(_why_not(one) for one in standings(current) if not one.settled)


def wanted(current: Round, questions: Iterable[Question]) -> tuple[Want, ...]:
    """The commands that are to run now, those that may not run yet too; each once, whatever it is claimed to show.

    In feedback what the Verifier of this iteration claims; while the Planner is asked, again whenever the base moves.
    What a human asks for, at any time.
    """
    if not current.base:
        return ()
    asked = tuple(questions)
    by_command: dict[str, list[str]] = {}
    for criterion, command in (*_claimed(current), *_asked_for(current)):
        if command not in by_command or criterion not in by_command[command]:
            by_command.setdefault(command, []).append(criterion)
    return tuple(
        Want(command, tuple(criteria), leave_for(command, current, asked)) for command, criteria in by_command.items()
    )


def leave_for(command: str, current: Round, questions: Iterable[Question]) -> Leave:
    """Whether a command may run: the project's own words and those that a human allowed as they stand."""
    if unreadable(command):
        return Leave.REFUSED
    about = about_command(command)
    began = current.began.get(about, 0)
    if command in current.allowed or any(one.command == command and one.seq > began for one in _open_asks(current)):
        return Leave.GIVEN
    known = _newest(about, questions)
    if known is None:
        return Leave.SANDBOX
    if known.open:
        return Leave.ASKED
    said = _said(known)
    if said == ALWAYS:
        return Leave.GIVEN
    if said != ONCE:
        return Leave.REFUSED
    return Leave.SANDBOX if began > known.seq else Leave.GIVEN


def allowed_always(command: str, questions: Iterable[Question]) -> bool:
    """Whether a human gave leave for more than one run of these words."""
    known = _newest(about_command(command), questions)
    return known is not None and not known.open and _said(known) == ALWAYS


def _newest(about: str, questions: Iterable[Question]) -> Question | None:
    return max((one for one in questions if one.about == about), key=lambda one: one.seq, default=None)


def _said(question: Question) -> str:
    return (question.answer or "").strip().rstrip(".!").casefold()


def unreadable(command: str) -> str:
    """Why nobody could judge a command by reading it; empty for one that is what it looks like."""
    if len(command) > LONGEST:
        return f"its command has more than {LONGEST} characters"
    lines = command.replace("\t", "    ").split("\n")
    if any(plain(line) != line for line in lines):
        return "its command has characters that can't be seen"
    return ""


def about_command(command: str) -> str:
    """What a question about a command is about: `witness:` and the SHA-256 of its words."""
    return COMMAND + digest_of(command)


def ran(witness: Witness, command: str) -> bool:
    """Whether it is a run of these very words, whatever the log has of them."""
    return witness.about == about_command(command) if witness.about else witness.command == command


def question_text(want: Want, why: str) -> dict[str, object]:
    """What a human is asked about a command, as the data of the event that asks."""
    lines = "\n".join(f"    {line}" for line in plain_lines(want.command))
    shows, short = ", ".join(want.criteria), " ".join(plain(want.command).split())[:200]
    what = "A Verifier's words, to be run on a checkout of the base that is thrown away then:"
    return {
        "text": f"may this command run, to show {shows}? {short}",
        "context": f"{what}\n\n{lines}\n\n{why}",
        "options": list(OPTIONS),
        "about": about_command(want.command),
    }


def _claimed(current: Round) -> Iterator[tuple[str, str]]:
    """Criterion and command of what the newest verdict claims, and what has not run on the present base."""
    verdict = current.verdict
    in_feedback = current.phase is Phase.FEEDBACK and verdict is not None and verdict.iteration == current.number
    if verdict is None or not (in_feedback or current.phase is Phase.PLANNING):
        return
    for one in standings(current):
        claim = one.claim
        if one.settled or claim is None or claim.status != "met" or not claim.command.strip():
            continue
        if not (one.fresh and one.witness is not None and ran(one.witness, claim.command)):
            yield one.criterion.id, claim.command


def _asked_for(current: Round) -> Iterator[tuple[str, str]]:
    yield from ((one.criterion, one.command) for one in _open_asks(current))


def _open_asks(current: Round) -> Iterator[Asked]:
    """What a human asked to be run, and has not run since."""
    for criterion, asked in current.asked.items():
        ran = current.witnesses.get(criterion)
        if ran is None or ran.seq < asked.seq:
            yield asked


def shown(claim: Claim | None, witness: Witness | None, fresh: bool) -> Shown:
    """How far a claim is shown by the newest run; `fresh`: that was on the present base."""
    if claim is None:
        return Shown.OPEN
    if claim.status != "met":
        return Shown.NOT_MET if claim.status == "not_met" else Shown.OPEN
    if not claim.command.strip():
        return Shown.OPEN
    if witness is None or not ran(witness, claim.command):
        return Shown.CLAIMED
    if fresh:
        return Shown.WITNESSED if witness.held else Shown.FAILED
    return Shown.STALE if witness.held else Shown.CLAIMED


def _why_not(one: Standing) -> str:
    name, claim, witness = one.criterion.id, one.claim, one.witness
    match one.shown:
        case Shown.FAILED if witness is not None:
            human = f"; a human may look and say so: coord accept {name} --reason R" if witness.doubts else ""
            return f"{name}: its command {ended(witness)} on {witness.commit[:10]}{human}"
        case Shown.STALE if witness is not None:
            return f"{name}: its command held on {witness.commit[:10]}, which is not the base any more"
        case Shown.CLAIMED if claim is not None:
            return f"{name}: it is claimed, and {unreadable(claim.command) or 'its command has not run on the base'}"
        case Shown.NOT_MET:
            return f"{name}: the newest verdict says that it is not met"
    if claim is not None and claim.status == "met":
        return f"{name}: it is claimed without a command that shows it"
    said = "the newest verdict says nothing of it" if claim is None else "the newest verdict could not tell"
    return f"{name}: {said}; a command shows it, or `coord accept {name} --reason R`"


def ended(witness: Witness) -> str:
    """How a witness ended, in words."""
    if witness.held:
        return "held, as it did before the work" if witness.held_before else "held"
    if witness.exit == TIMED_OUT:
        return "took too long"
    if witness.doubts:
        return f"held, but since the work began: {'; '.join(witness.doubts[:3])}"
    if witness.exit == NOT_READY:
        return "could not run: its checkout was not made ready"
    return f"failed with exit status {witness.exit}"
