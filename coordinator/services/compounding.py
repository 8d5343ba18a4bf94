"""Compounding: what slipped through in a milestone becomes lines in flows, suites and learnings, as a plan. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from coordinator.errors import Refused, UsageError
from coordinator.formats.alignment import engineers_words
from coordinator.formats.frontmatter import patch
from coordinator.formats.prompt_body import CRITERIA, items, section
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.model.backlog import is_left
from coordinator.model.compounding import (
    Compounding,
    Guided,
    Guides,
    Part,
    Proposal,
    Slip,
    SlipKind,
    lesson,
    propose,
    trace,
)
from coordinator.model.event import ActorKind, Event
from coordinator.model.handoff import receipt_of
from coordinator.model.plan import ALIGNMENT, Plan
from coordinator.model.prompt import Prompt, PromptType
from coordinator.model.saying import Saying, stands_in
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Receipt
from coordinator.model.text import amount
from coordinator.model.work import work_of_agent
from coordinator.services.planning import PlanBuilder, is_done

EVENTS = (
    *("step.failed", "step.blocked", "change.rejected"),
    *("handoff.given", "learning.noted", "learning.delivered"),
)
"""Kinds that `compounding` reads."""
LEARNED = "Learned Here"
"""Section of a flow that what is learned goes to."""
_START = b"# Learnings\n"
_REASON = "Learned: "
_NO_CORRECTION = ("Answer to question ", "kept: ", _REASON)
"""How words in the alignment document begin that correct nothing."""


@dataclass(frozen=True, slots=True)
class Take:
    """What an engineer takes of what is proposed."""

    ids: tuple[str, ...] = ()
    every: bool = False
    words: str = ""
    """Said in these words instead, where one is taken."""
    reason: str = ""
    """Goes to the alignment document, where there is one."""
    who: str = ""
    at: str = ""


def compounding(
    snapshot: Snapshot,
    events: Sequence[Event],
    guides: Guides,
    *,
    flows: Mapping[str, tuple[str, ...]] | None = None,
    since: str = "",
) -> Compounding:
    """What the milestone teaches. `events`: those of `EVENTS`, oldest first, since it began, which was at `since`.

    `flows`: pipeline → names of the flows of its stations; a prompt without a pipeline is the executor's.
    """
    prompts = {n: p for n, p in snapshot.prompts.items() if not is_left(p)}
    receipts = _receipts(events)
    guided = {n: _guided(snapshot, p, events, receipts, flows or {}) for n, p in prompts.items()}
    slips = [*_patches(snapshot, prompts, receipts), *_failures(events, prompts), *_rejections(events, prompts)]
    slips += _corrections(snapshot, prompts, slips, since)
    slips.sort(key=lambda slip: slip.at)
    traced = tuple(trace(slip, guided.get(slip.prompt or 0), guides) for slip in slips)
    return Compounding(snapshot.milestone.title, traced, propose(traced, guided, guides), guides)


# ── what slipped through


def _patches(
    snapshot: Snapshot, prompts: Mapping[int, Prompt], receipts: Mapping[int, list[Receipt]]
) -> Iterator[Slip]:
    for number, prompt in sorted(prompts.items()):
        if prompt.type is not PromptType.USER_PATCH:
            continue
        body = prompt.source.decode("utf-8", "replace")
        said = [section(body, "Engineer Feedback"), section(body, "What Went Wrong")]
        words = next((text for text in said if text.strip()), prompt.title)
        last = receipts[number][-1] if receipts.get(number) else None
        checks = last.checks if last is not None and is_done(snapshot, number) else ()
        commands = tuple(dict.fromkeys(map(_command, checks)))
        by, at = prompt.created_by or "", last.at if last is not None else ""
        for fixed in prompt.patches_prompts or (None,):
            yield Slip(SlipKind.PATCH, words, fixed, 0, by, at, human=True, fixed_by=number, checks=commands)


def _command(check: str) -> str:
    """A check without the criterion that it is named for: `AC-07-2: make test`."""
    head, colon, command = check.partition(": ")
    return command.strip() if colon and head.startswith("AC-") and " " not in head else check.strip()


def _failures(events: Sequence[Event], prompts: Mapping[int, Prompt]) -> Iterator[Slip]:
    lessons = _lessons(events)
    for event in events:
        if event.kind in ("step.failed", "step.blocked") and event.actor_kind == ActorKind.SYSTEM:
            number, attempt = event.prompt, _attempt(event)
            if number in prompts and number is not None:
                said = str(event.data.get("reason") or "it failed")
                known = lessons.get((number, attempt), ())
                yield Slip(SlipKind.FAILURE, said, number, attempt, event.actor, event.ts, lessons=known)


def _lessons(events: Iterable[Event]) -> dict[tuple[int, int], tuple[str, ...]]:
    """Prompt and attempt → what its agent noted, or handed off with its failure."""
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    for event in events:
        work = work_of_agent(event.actor) if event.actor_kind == ActorKind.AGENT else None
        if work is None or not work[0].number:
            continue
        receipt = receipt_of(event) if event.kind == "handoff.given" else None
        said = receipt.learnings if receipt is not None else ()
        if event.kind == "learning.noted":
            said = (str(event.data.get("text") or ""),)
        key = (work[0].number, work[1])
        found[key] = tuple(dict.fromkeys((*found.get(key, ()), *filter(str.strip, said))))
    return found


def _rejections(events: Iterable[Event], prompts: Mapping[int, Prompt]) -> Iterator[Slip]:
    for event in events:
        if event.kind == "change.rejected" and event.prompt in prompts:
            words = str(event.data.get("note") or "rejected")
            yield Slip(SlipKind.REJECTION, words, event.prompt, _attempt(event), event.actor, event.ts, human=True)


def _corrections(
    snapshot: Snapshot, prompts: Mapping[int, Prompt], slips: Sequence[Slip], since: str
) -> Iterator[Slip]:
    """The engineer's words that are no answer, and that no patch or rejection says already."""
    told = [slip.words for slip in slips if slip.human]
    told += [p.source.decode("utf-8", "replace") for p in prompts.values() if p.type is PromptType.USER_PATCH]
    for saying in engineers_words(snapshot.documents.get(ALIGNMENT, b"")):
        elsewhere = saying.prompt is not None and saying.prompt not in prompts
        if elsewhere or _earlier(saying, since) or saying.text.startswith(_NO_CORRECTION) or saying.text == "kept":
            continue
        if not stands_in(saying.text, *told):
            yield Slip(SlipKind.CORRECTION, saying.text, saying.prompt, 0, saying.who, saying.at, human=True)


def _earlier(saying: Saying, since: str) -> bool:
    return bool(since and saying.at) and saying.at[:19] < since[:19]


def _attempt(event: Event) -> int:
    count = event.data.get("attempt")
    return count if type(count) is int else 0


# ── what the work was guided by


def _receipts(events: Iterable[Event]) -> dict[int, list[Receipt]]:
    found: dict[int, list[Receipt]] = {}
    for event in events:
        receipt = receipt_of(event) if event.kind == "handoff.given" else None
        if receipt is not None and event.prompt is not None:
            found.setdefault(event.prompt, []).append(receipt)
    return found


def _guided(
    snapshot: Snapshot,
    prompt: Prompt,
    events: Sequence[Event],
    receipts: Mapping[int, list[Receipt]],
    flows: Mapping[str, tuple[str, ...]],
) -> Guided:
    given = [e.data.get("learnings") for e in events if e.kind == "learning.delivered" and e.prompt == prompt.number]
    learnings = dict.fromkeys(str(text) for one in given if isinstance(one, list) for text in one)
    files = dict.fromkeys(name for receipt in receipts.get(prompt.number, ()) for name in receipt.files)
    return Guided(
        prompt.number,
        prompt.title,
        prompt.path,
        criteria=items(prompt.source.decode("utf-8", "replace"), CRITERIA),
        suites=prompt.validation_suites,
        skills=prompt.skills,
        flows=flows.get(prompt.pipeline, ()) if prompt.pipeline != "direct" else ("executor",),
        learnings=tuple(learnings),
        files=tuple(files),
        merged=is_done(snapshot, prompt.number),
    )


# ── the plan


def plan_compounding(snapshot: Snapshot, found: Compounding, take: Take) -> Plan:
    """Plan the lines that were taken, all in one. UsageError where none is, Refused for one that there is not (now)."""
    chosen = _chosen(found, take)
    builder = PlanBuilder(snapshot, "compound")
    for path in dict.fromkeys(one.path for one in chosen):
        before = found.guides.files.get(path)
        builder.document(path, before, _edited(found.guides, path, [one for one in chosen if one.path == path]))
    _warn(builder, found, chosen)
    if take.reason.strip():
        builder.align(None, _REASON + take.reason, take.who, take.at)
    plan = builder.build(_summary(chosen), reason=take.reason)
    return replace(plan, asked=take, more={"proposals": [one.id for one in chosen]})


def _chosen(found: Compounding, take: Take) -> tuple[Proposal, ...]:
    known = {one.id: one for one in found.proposals}
    unknown = [each for each in take.ids if each not in known]
    if unknown:
        raise Refused(f"nothing that is proposed is called {unknown[0]}", "`coord compound` says what is proposed now")
    chosen = found.proposals if take.every else tuple(known[each] for each in dict.fromkeys(take.ids))
    if not chosen:
        remedy = "--take ID, or --all" if known else "it comes with patches, rejections and corrections"
        raise UsageError("nothing is taken" if known else "nothing is proposed", remedy)
    return (_reworded(chosen, take.words),) if take.words.strip() else chosen


def _reworded(chosen: tuple[Proposal, ...], words: str) -> Proposal:
    """The one proposal that is taken, in the engineer's own words."""
    text = lesson(words)
    if len(chosen) > 1:
        raise UsageError("words of your own are for one proposal", "take one with --take ID")
    if chosen[0].part is Part.SUITE:
        raise Refused("a check is taken as it is", f"edit {chosen[0].path} for another one")
    if not text:
        raise UsageError("these words say nothing", "say in a sentence what is to be known")
    return replace(chosen[0], text=text, human=True)


def _edited(guides: Guides, path: str, chosen: Sequence[Proposal]) -> bytes:
    before = guides.files.get(path)
    match chosen[0].part:
        case Part.SUITE:
            name = next(name for name, place in guides.suites.items() if place == path)
            commands = [guides.commands[name], *(one.text for one in chosen)]
            return patch(before or b"", {"command": " && ".join(commands)})
        case Part.FLOW:
            name = next(name for name, place in guides.flows.items() if place == path)
            return _with_section(guides.shipped.get(name, b"") if before is None else before, chosen)
    return _with_lines(_START + b"\n" if before is None else before, map(_learning, chosen))


def _learning(one: Proposal) -> str:
    return f"- {one.text}" + (f" [paths: {', '.join(one.paths)}]" if one.paths else "")


def _with_section(before: bytes, chosen: Sequence[Proposal]) -> bytes:
    """A flow with lines at its end, in a section of their own that is made once."""
    lines = [f"- {one.text}" for one in chosen]
    last = [line for line in before.decode("utf-8", "replace").splitlines() if line.startswith("#")][-1:]
    return _with_lines(before, lines if last == [f"## {LEARNED}"] else [f"## {LEARNED}", "", *lines])


def _with_lines(before: bytes, lines: Iterable[str]) -> bytes:
    """A text with lines at its end, behind an empty one unless they go on a list."""
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    text = before if before.endswith(b"\n") or not before else before + newline
    added = [line.encode("utf-8", "replace") for line in lines]
    last = text.splitlines()[-1:] or [b""]
    goes_on = added[0].startswith(b"- ") and last[0].startswith(b"- ")
    gap = b"" if goes_on or not last[0].strip() else newline
    return text + gap + newline.join(added) + newline


def _warn(builder: PlanBuilder, found: Compounding, chosen: Sequence[Proposal]) -> None:
    for one in chosen:
        if one.part is Part.SUITE:
            builder.warnings.append(f"{one.path} runs what an agent wrote from now on: {one.text}")
        elif not one.human:
            builder.warnings.append(f"an agent's words, not yours: {one.text}")
    for path in dict.fromkeys(one.path for one in chosen if one.part is Part.FLOW):
        if found.guides.files.get(path) is None:
            builder.warnings.append(f"{path} takes the place of what ships with coord, also of later versions of that")


def _summary(chosen: Sequence[Proposal]) -> str:
    counts = [(part, sum(one.part is part for one in chosen)) for part in (Part.SUITE, Part.FLOW, Part.LEARNING)]
    names = {Part.SUITE: "check", Part.FLOW: "line of a flow", Part.LEARNING: "learning"}
    said = [f"{n} lines of flows" if part is Part.FLOW and n > 1 else amount(n, names[part]) for part, n in counts if n]
    return ", ".join(said)
