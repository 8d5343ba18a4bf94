"""What Planner, Verifier and specialists are told of an iteration. Pure.

What agents said stands there as a quotation: it informs, it commands nothing.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from coordinator.agents.brief import Brief, Child, cut, fitted
from coordinator.agents.brief_words import LISTED, QUOTED, clipped, one_line, quote, rows, said_besides, section, short
from coordinator.model.feedback import Feedback, by_urgency
from coordinator.model.round import Decided, Phase, Round, Verdict
from coordinator.model.text import amount, plain, plain_lines
from coordinator.model.witnesses import Shown, Standing, ended, standings

SPEC, FINDINGS, HANDED = 24_000, 24_000, 24_000
"""Characters of these parts."""
_WHOLE_FINDINGS = 40
"""Findings that are told whole; further ones are named, as far as there is room."""
_NAMED_FINDINGS, KNOWN, PROMPTS = 8_000, 12_000, 24_000
"""Characters of these."""
_PART = 800
"""Characters of what a finding says in one of its parts."""
_HANDED = 12
"""Hand-offs that are told: the newest."""
_GAPS = 30
_LAST_LINES = 8
"""Of what a witness that failed has printed."""
_COMMANDS = 20
_HEADS = 400
"""Characters that are kept free for titles."""


def spec(brief: Brief) -> str:
    """The milestone as its file has it, with whatever stands under no heading of ours."""
    title = f"# The milestone: {one_line(brief.milestone)}" if brief.milestone else "# The milestone"
    return f"{title}\n\n{brief.spec.strip()}" if brief.spec.strip() else title


def iteration(brief: Brief) -> str:
    """Where it stands."""
    there = brief.round
    if there is None:
        return ""
    base = f", on commit `{there.base[:12]}`" if there.base else ""
    more = f" of at most {there.max_iterations}" if there.max_iterations else ""
    parts = [f"This is iteration {there.number}{more}{base}."]
    if there.phase is Phase.PLANNING and there.verdict is None and not brief.children:
        parts.append("Nothing has been planned yet.")
    parts += [_came_to_nothing(there.decided)] if there.decided is not None else []
    parts += [f"A plan was not taken. Plan otherwise:\n\n{_reasons(there.turned_away)}"] if there.turned_away else []
    return section("## Where it stands", parts)


def _came_to_nothing(decided: Decided) -> str:
    """What became of a plan of this iteration that was not carried out."""
    if not decided.refused:
        return ""
    who = f"{plain(decided.by)} ({decided.decision.value})"
    return f"The plan of {who} was not carried out. Plan otherwise:\n\n{_reasons(decided.refused)}"


def _reasons(refused: Sequence[str]) -> str:
    return rows([f"> - {short(reason)}" for reason in refused[:LISTED]])


def criteria(brief: Brief) -> str:
    """Each criterion with what was said of it, and what the harness saw; then what the newest verdict says besides."""
    there = brief.round
    if there is None:
        return ""
    if not there.criteria:
        return "## Success criteria\n\nThe milestone names none: judge by its goal."
    told = [_criterion(one) for one in standings(there)]
    verdict = _verdict(there, there.verdict) if there.verdict is not None else ""
    return section("## Success criteria, and what is known of them", [rows(told), verdict])


def _criterion(one: Standing) -> str:
    lines = [f"- **{one.criterion.id}** {one_line(one.criterion.text)}", f"  {_known(one)}"]
    if one.claim is not None and one.claim.note:
        lines.append(f"  > {short(one.claim.note)}")
    witness = one.witness
    if witness is not None and not witness.held and witness.output.strip():
        lines += [f"  > {line}".rstrip() for line in plain_lines(witness.output[-_PART:].strip())[-_LAST_LINES:]]
    return rows(lines)


def _known(one: Standing) -> str:
    """What is known of a criterion, in a line."""
    claim, witness = one.claim, one.witness
    if one.acceptance is not None:
        return f"Accepted by {plain(one.acceptance.by)}: {short(one.acceptance.reason)}"
    command = f" `{short(claim.command)}`" if claim is not None and claim.command else ""
    match one.shown:
        case Shown.WITNESSED:
            before = ", where it held before the work too" if witness is not None and witness.held_before else ""
            return f"Witnessed on the present base{before}:{command}"
        case Shown.FAILED | Shown.STALE if witness is not None:
            return f"Claimed; the harness ran it on `{witness.commit[:12]}`, and it {ended(witness)}:{command}"
        case Shown.CLAIMED:
            return f"Claimed, and not witnessed on the present base:{command}"
        case Shown.NOT_MET:
            return f"Not met, the Verifier says:{command}"
    return "Nothing has shown it yet."


def _verdict(there: Round, verdict: Verdict) -> str:
    age = "" if verdict.iteration == there.number else f", in iteration {verdict.iteration}"
    said = [verdict.rationale.strip(), *(f"- {short(gap)}" for gap in verdict.gaps[:_GAPS])]
    text = quote(cut(rows([line for line in said if line]), 6_000))
    return f"The newest verdict: **{plain(verdict.met)}**, by {plain(verdict.by)}{age} ({QUOTED}).\n\n{text}"


def findings(brief: Brief) -> str:
    """Open findings, the most urgent first, as far as there is room in full; then those that were left for later."""
    items = brief.round.feedback if brief.round is not None else ()
    open_ones = [item for item in by_urgency(items) if item.open]
    rest = [item for item in by_urgency(items) if not item.open]
    told = fitted([_in_full(item) for item in open_ones[:_WHOLE_FINDINGS]], FINDINGS - _NAMED_FINDINGS - _HEADS)
    named = _fitting([_in_a_line(item) for item in open_ones[_WHOLE_FINDINGS:]], _NAMED_FINDINGS - _HEADS)
    more = len(open_ones) - len(told) - len(named)
    parts = [
        *told,
        rows(named),
        f"And {more} more that are open: `coord feedback`." if more > 0 else "",
        f"{amount(len(rest), 'finding')} besides dealt with or left: `coord feedback --all`." if rest else "",
    ]
    return section(f"## Findings that are open ({QUOTED})", parts) if open_ones else "## Findings\n\nNone is open."


def known_findings(brief: Brief) -> str:
    """All that was filed, in a line each: what a specialist need not file again while it is dealt with."""
    items = brief.round.feedback if brief.round is not None else ()
    lines = _fitting([_in_a_line(item) for item in by_urgency(items)], KNOWN - _HEADS)
    more = len(items) - len(lines)
    parts = [rows(lines), f"And {more} more: `coord feedback --all`." if more > 0 else ""]
    return section(f"## What is filed already ({QUOTED})", parts) if items else ""


def _in_full(item: Feedback) -> str:
    head = f"### {item.number} {item.priority.value}: {clipped(one_line(item.title), 200)}"
    where = " · ".join(filter(None, (one_line(item.category), one_line(item.location), one_line(item.source))))
    said = (("Issue", item.issue), ("Impact", item.impact), ("Suggestion", item.suggestion))
    lines = [where, *(f"{name}: {cut(text.strip(), _PART)}" for name, text in said if text.strip())]
    return f"{head}\n\n{quote(rows([line for line in lines if line]) or '-')}"


def _in_a_line(item: Feedback) -> str:
    where = f" ({clipped(one_line(item.location), 80)})" if item.location else ""
    became = "" if item.open else f" [{item.status.value}]"
    return f"> - {item.number} {item.priority.value}: {clipped(one_line(item.title), 160)}{where}{became}"


def failures(brief: Brief) -> str:
    """What failed in this milestone, alike ones once, with how often."""
    failed = Counter(brief.round.failures) if brief.round is not None else Counter[str]()
    lines = [f"> - {f'{count} times: ' if count > 1 else ''}{short(words)}" for words, count in failed.most_common(20)]
    again = brief.round is not None and bool(brief.round.unexplained)
    rule = (
        "What failed twice in the same way is not tried a third time before it is known why: plan one prompt of `type: "
        "emergent` that finds that out, and have what is tried again depend on it. CONTINUE without it is refused."
    )
    return section(f"## What failed ({QUOTED})", [rows(lines), rule if again else ""]) if lines else ""


def prompts(brief: Brief) -> str:
    """The prompts with what became of each, the newest at the end."""
    lines = _fitting([_child(child) for child in reversed(brief.children)], PROMPTS - _HEADS)
    more = len(brief.children) - len(lines)
    older = f"And {more} before these: `coord graph`." if more else ""
    return section(f"## The prompts ({QUOTED})", [rows(lines[::-1]), older]) if lines else ""


def _child(child: Child) -> str:
    prompt = child.prompt
    about = [prompt.type.value, prompt.priority.value]
    about += [f"after {', '.join(f'{n:02d}' for n in prompt.dependencies)}"] if prompt.dependencies else []
    why = f": {clipped(one_line(child.reason), 200)}" if child.reason and not child.ended else ""
    return f"> - {prompt.label} [{child.state}{why}] {clipped(one_line(prompt.title), 160)} ({', '.join(about)})"


def handed_off(brief: Brief) -> str:
    """What was handed off last, in full: what it could not do above all."""
    ended = sorted((child for child in brief.children if child.receipt is not None), key=lambda child: child.at)
    told = fitted([_receipt(child) for child in ended[-_HANDED:]], HANDED - _HEADS, brief.places.get("alignment", ""))
    return section(f"## What was handed off last ({QUOTED})", told)


def _receipt(child: Child) -> str:
    receipt = child.receipt
    if receipt is None:
        return ""
    text = rows([receipt.summary.strip(), *said_besides(receipt)])
    head = f"### {child.prompt.label} {clipped(one_line(child.prompt.title), 160)}: {plain(receipt.outcome)}"
    return f"{head}, by {plain(receipt.agent)}\n\n{quote(text)}"


def commands(brief: Brief) -> str:
    """The commands that run as witnesses without anybody being asked."""
    allowed = sorted(brief.round.allowed)[:_COMMANDS] if brief.round is not None else []
    lines = [f"    {clipped(one_line(command), 200)}" for command in allowed]
    rule = (
        "One that held before the work too shows at most one criterion: claimed for more, a human has to accept them."
    )
    return section("## Commands that run unasked, word by word", [rows(lines), rule]) if lines else ""


def learnings_to_curate(brief: Brief) -> str:
    """The learnings as their file has them, and what was noted since: what the Planner may put in order."""
    kept = brief.learnings.source.decode("utf-8", "replace").strip()
    parts = [
        f"`learnings.md` as it is:\n\n{quote(cut(kept, 8_000, brief.places.get('learnings', '')))}" if kept else "",
        _noted(brief),
    ]
    return section(f"## Learnings ({QUOTED})", parts)


def _noted(brief: Brief) -> str:
    noted = brief.noted[-4 * LISTED :]
    more = len(brief.noted) - len(noted)
    lines = [f"> - {short(note.text)}{_about((*note.paths, *note.tags))} ({plain(note.by)})" for note in noted]
    older = f"\n\nAnd {more} before: `coord learnings --json`." if more else ""
    return f"Noted since:\n\n{cut(rows(lines), 7_000)}{older}" if lines else ""


def _about(names: Sequence[str]) -> str:
    return f" [{clipped(one_line(', '.join(names)), 120)}]" if names else ""


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    """The first lines, as many as there is room for."""
    sizes = accumulate(len(line) + 1 for line in lines)
    return [line for line, size in zip(lines, sizes, strict=True) if size <= room]
