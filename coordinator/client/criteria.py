"""The milestone's criteria for callers: what shows each, a human's word on one, and having a command run again."""

from coordinator.errors import Refused, UsageError
from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple
from coordinator.model.acceptance import prompt_of
from coordinator.model.acceptance import standings as standings_of
from coordinator.model.checks import Checks
from coordinator.model.round import Phase, Round
from coordinator.model.witnesses import Standing, about_command, ran, standings, unreadable
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from coordinator.model.round import Witness
    from coordinator.model.snapshot import Snapshot
    from coordinator.model.witness_fold import WitnessFold

LONGEST_REASON = 10_000
"""Characters."""


class Asked(NamedTuple):
    """A run that was asked for."""

    seq: int
    criterion: str
    command: str
    loop_runs: bool
    """A loop is there that is going to do it."""


def criteria(project: Project) -> tuple[Standing, ...]:
    """What is known of each criterion, in the milestone's order. Refused when the milestone's file can't be read."""
    from coordinator.client.look import look

    return standings(_round(project, look(project)))


def all_criteria(project: Project, snapshot: "Snapshot") -> tuple[Standing, ...]:
    """Those of the milestone, then those of merged prompts whose hand-offs name commands, by prompt."""
    below = standings_of(snapshot.checks) if snapshot.checks is not None else ()
    own = standings(_round(project, snapshot))
    return (*own, *sorted(below, key=lambda one: prompt_of(one.criterion.id) or 0))


def of_prompts(project: Project, number: int | None = None) -> tuple[Standing, ...]:
    """What is known of acceptance criteria: of one prompt, else of all merged ones whose hand-offs name commands.

    Refused when there is no prompt of that number.
    """
    from coordinator.client.look import look

    snapshot = look(project)
    if number is None:
        return standings_of(snapshot.checks) if snapshot.checks is not None else ()
    if number not in snapshot.prompts:
        raise Refused(f"there is no prompt {number}", "`coord status` lists them")
    from coordinator.lazy.dataclass import replace
    from coordinator.observe.acceptance import criteria_of

    known = snapshot.checks
    if known is None:
        known = Checks("", accepted=_folded(project).accepted)
    own = criteria_of(snapshot.prompts[number], snapshot.steps.get(number))
    return standings_of(replace(known, criteria=own))


def criterion(project: Project, name: str) -> Standing:
    """The criterion of that number, of the milestone or of a prompt. Refused when there is none."""
    number = prompt_of(name)
    return _named(criteria(project) if number is None else of_prompts(project, number), name)


def _named(known: tuple[Standing, ...], name: str) -> Standing:
    found = next((one for one in known if one.criterion.id.casefold() == name.strip().casefold()), None)
    if found is None:
        none = (
            "none; `coord intent set --criterion TEXT` adds one" if prompt_of(name) is None else "none in that prompt"
        )
        listed = ", ".join(one.criterion.id for one in known) or none
        raise Refused(f"there is no criterion `{name}`", f"there are: {listed}")
    return found


def accept(project: Project, name: str, reason: str) -> tuple[Standing, int]:
    """Take a criterion for met, as it is worded now, in the name of whoever runs this process; with the event's number.

    Refused for an agent, which is logged. Said twice it is on the log once.
    """
    from coordinator.client.history import History
    from coordinator.client.look import look
    from coordinator.client.steering import Steering
    from coordinator.model.criterion_numbers import told, unnumbered
    from coordinator.model.event import Draft
    from coordinator.model.witness_fold import ACCEPTED
    from coordinator.secrets.redaction import redact

    Steering(project).human("accept a criterion")
    said = redact(reason).strip()
    if not said:
        raise UsageError("nothing says why", "--reason 'what you saw that shows it'")
    if len(said) > LONGEST_REASON:
        raise UsageError(f"the reason has {len(said):,} characters", f"keep it below {LONGEST_REASON:,}")
    current = _round(project, look(project))
    found = criterion(project, name) if prompt_of(name) is not None else _named(standings(current), name)
    if found.acceptance is not None:
        return found, found.acceptance.seq
    new = [one for one in unnumbered(current.criteria, current.numbers) if one != found.criterion]
    with History(project) as history:
        data = {"text": found.criterion.text, "digest": found.criterion.digest, "reason": said, **told(new, redact)}
        event = history.append(Draft(ACCEPTED, f"criterion:{found.criterion.id}", data))
    return criterion(project, found.criterion.id), event.seq


def run_again(project: Project, name: str, *, seen: str | None = None) -> Asked:
    """Have the loop run what is claimed to show a criterion, whoever wrote the command. Refused for an agent.

    `seen`: the command that the human was shown; Refused when another one is claimed by now. None: whatever is claimed.
    """
    from coordinator.client.history import History
    from coordinator.client.look import look
    from coordinator.client.steering import Steering
    from coordinator.model.event import Draft
    from coordinator.model.witness_fold import ASKED

    Steering(project).human("have a command run")
    found = criterion(project, name)
    command = found.claim.command.strip() if found.claim is not None else ""
    if found.claim is None or not command:
        own = f"coord accept {found.criterion.id} --reason R"
        raise Refused(f"nothing names a command that shows {found.criterion.id}", f"look yourself, then `{own}`")
    if seen is not None and seen != found.claim.command:
        raise Refused(f"{found.criterion.id} is claimed with another command by now", "read that one first")
    if why := unreadable(found.claim.command):
        raise Refused(f"it can't be run: {why}", "the next Verifier has to find another one")
    with History(project) as history:
        data = {"command": found.claim.command, "about": about_command(found.claim.command)}
        draft = Draft(ASKED, f"criterion:{found.criterion.id}", data)
        event = history.append(draft)
    return Asked(event.seq, found.criterion.id, found.claim.command, look(project).loop.alive)


def wait_for_run(project: Project, asked: Asked) -> "Witness | None":
    """The run that was asked for, as soon as it has ended."""
    from coordinator.eventlog.filters import Filter
    from coordinator.eventlog.follow import follow
    from coordinator.model.witness_fold import RUN, witness_of

    where = Filter(kinds=(RUN,), subject=f"criterion:{asked.criterion}")
    for batch in follow(project.layout.events_db, since=asked.seq, where=where):
        for event in batch:
            if ran(found := witness_of(event, asked.criterion), asked.command):
                return found
    return None


def _round(project: Project, snapshot: "Snapshot") -> Round:
    """The present iteration; of a milestone that does not iterate what there is of one: criteria, and words on them."""
    if snapshot.round is not None:
        return snapshot.round
    from coordinator.formats.intent_text import MILESTONE, intent_of
    from coordinator.model.criterion_numbers import numbered

    fold = _folded(project)
    listed = numbered(intent_of(snapshot.documents.get(MILESTONE)).criteria, fold.numbers.known)
    return Round(
        0, Phase.EXECUTING, listed, witnesses=fold.witnesses, accepted=fold.accepted, numbers=fold.numbers.known
    )


def _folded(project: Project) -> "WitnessFold":
    """What the log has of criteria."""
    from coordinator.model.witness_fold import EVENTS, WitnessFold

    fold = WitnessFold()
    with project.log(required=False) as log:
        from coordinator.eventlog.filters import Filter

        seq = 0
        while events := log.since(seq, 1000, Filter(kinds=EVENTS)):
            seq = events[-1].seq
            for event in events:
                fold.feed(event)
    return fold
