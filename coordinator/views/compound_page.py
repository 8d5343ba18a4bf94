"""What a milestone taught, in words: what slipped through, what let it through, what could catch the next one."""

from collections.abc import Mapping, Sequence

from coordinator.model.clock import day_and_time
from coordinator.model.compounding import Cause, Compounding, Part, Proposal, Slip, SlipKind, Traced
from coordinator.model.text import amount, clip, plain, plain_lines
from coordinator.views.spans import Span

Row = list[Span]
NOTHING = "Nothing slipped through so far: no user-patch, no failure, no rejected change, no correction."
_INKS: Mapping[SlipKind, str] = {SlipKind.FAILURE: "failed", SlipKind.REJECTION: "need"}
_LINES = 40
"""Lines of a slip's words that are shown."""


def counted(found: Compounding) -> str:
    """`2 user-patches, 1 failure`; empty while there is nothing."""
    counts = [(kind, sum(one.slip.kind is kind for one in found.traced)) for kind in SlipKind]
    plurals = {SlipKind.PATCH: "user-patches"}
    said = [plurals[kind] if kind in plurals and n > 1 else "" for kind, n in counts]
    return ", ".join(f"{n} {p}" if p else amount(n, kind.value) for (kind, n), p in zip(counts, said, strict=True) if n)


def slip_row(traced: Traced) -> Row:
    """A slip in a line."""
    slip = traced.slip
    where = f"{slip.prompt:02d}" if slip.prompt is not None else "  "
    words = clip(plain(" ".join(slip.words.split())), 200)
    return [Span(f"{where}  ", "strong"), Span(f"{slip.kind.value:<16}", _INKS.get(slip.kind, "text")), Span(words)]


def slip_details(traced: Traced) -> list[Row]:
    """All that is known of a slip."""
    slip = traced.slip
    about = [
        f"attempt {slip.attempt}" if slip.attempt else "",
        f"corrected by {slip.fixed_by:02d}" if slip.fixed_by is not None else "",
        plain(slip.who),
        day_and_time(slip.at) if slip.at else "",
    ]
    lines = plain_lines(slip.words.strip())
    rows: list[Row] = [[Span("  ".join(filter(None, about)), "quiet")], []]
    rows += [[Span("  "), Span(line, "text" if slip.human else "quiet")] for line in lines[:_LINES]]
    rows += [[Span(f"  and {amount(len(lines) - _LINES, 'line')}", "quiet")]] if len(lines) > _LINES else []
    rows += [[], [Span("What let it through", "brand")]]
    rows += [cause_row(cause) for cause in traced.causes] or [[Span("  nothing in particular", "quiet")]]
    return rows


def cause_row(cause: Cause) -> Row:
    """One thing that may have let it through, in a line."""
    name = clip(plain(cause.name), 60)
    path = f"  {plain(cause.path)}" if cause.path and cause.part is not Part.LEARNING else ""
    return [
        Span(f"  {cause.part.value:<9}"),
        Span(f"{name}  " if name else "", "strong"),
        Span(cause.why, "quiet"),
        Span(path, "quiet"),
    ]


def proposal_row(one: Proposal) -> Row:
    """A proposal in a line."""
    ink = "text" if one.human else "quiet"
    return [Span(f"{one.id}  ", "key"), Span(f"{one.part.value:<9}", "good"), Span(clip(plain(one.text), 200), ink)]


def proposal_details(one: Proposal, diff: str = "") -> list[Row]:
    """What a proposal would write, and why."""
    rows: list[Row] = [[Span(one.why, "quiet")]]
    rows += [[Span("an agent's words, not yours", "need")]] if not one.human else []
    rows += [[], [Span(plain(one.path), "strong")], []]
    inks = {"+": "good", "-": "failed", "@": "quiet"}
    return [*rows, *([Span(line, inks.get(line[:1], "quiet"))] for line in plain_lines(diff))]


def report(found: Compounding) -> list[Row]:
    """The whole as a page: what slipped through with its causes, then what is proposed."""
    if not found.traced:
        return [[Span(NOTHING)]]
    rows: list[Row] = [[Span(counted(found), "brand")]]
    for traced in found.traced:
        rows += [slip_row(traced), *([Span("    "), *cause_row(cause)] for cause in traced.causes)]
    rows += [[], [Span("Proposed", "brand")]]
    for one in found.proposals:
        rows += [proposal_row(one), [Span(f"       {plain(one.path)}  {one.why}", "quiet")]]
    return (
        rows
        if found.proposals
        else [*rows[:-1], [Span("Nothing is proposed that does not stand there already.", "quiet")]]
    )


def compounding_json(found: Compounding) -> dict[str, object]:
    """The whole for programs."""
    return {
        "milestone": found.milestone,
        "slips": [{**_slip(one.slip), "causes": _causes(one.causes)} for one in found.traced],
        "proposals": [_proposal(one) for one in found.proposals],
    }


def _slip(slip: Slip) -> dict[str, object]:
    return {
        "kind": slip.kind.value,
        "prompt": slip.prompt,
        "attempt": slip.attempt or None,
        "words": slip.words,
        "who": slip.who or None,
        "at": slip.at or None,
        "human": slip.human,
        "fixed_by": slip.fixed_by,
    }


def _causes(causes: Sequence[Cause]) -> list[dict[str, object]]:
    return [{"part": c.part.value, "name": c.name or None, "path": c.path or None, "why": c.why} for c in causes]


def _proposal(one: Proposal) -> dict[str, object]:
    return {
        "id": one.id,
        "part": one.part.value,
        "path": one.path,
        "text": one.text,
        "why": one.why,
        "prompts": list(one.prompts),
        "paths": list(one.paths),
        "human": one.human,
    }
