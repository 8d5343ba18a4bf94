"""What speaks for and against emergent work: what it supposed, what its diff did, what the milestone wants. Pure."""

from collections.abc import Iterable, Sequence

from coordinator.errors import CoordError
from coordinator.formats.intent_text import MILESTONE, intent_of
from coordinator.lazy import regex
from coordinator.model.change import Change
from coordinator.model.emergent import Analysis, Emergent, Fit
from coordinator.model.intent import PARTS, Intent
from coordinator.model.prompt import PromptType
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Receipt
from coordinator.model.text import amount

_WORD = regex.compile(r"[^\W\d_][\w-]*")
_SHORT = 4
"""Letters below which a word tells nothing, in scripts that put blanks between words."""
_COMMON = frozenset(
    """
    about after also been before being does each every from have into just like made make more most must never only
    other over same should shown some such test that than them then there these they this those what when where which
    while will with without work would
    """.split()  # noqa: SIM905 words, not a list of strings: to be read
)
_ENOUGH = 2
"""Words that an item of the intent and a prompt share, from which on the one may be about the other."""
_TEST = regex.compile(r"(?:^|[/_.-])(?:tests?|specs?|__tests__)(?:[/_.-]|$)", 2)  # 2: re.IGNORECASE


def analyse(snapshot: Snapshot, card: Emergent, change: Change | None) -> Analysis:
    """Hold a prompt against its diff and the milestone. `change`: what its last attempt made; None: nobody can tell."""
    step, review = snapshot.steps[card.number], snapshot.reviews.get(card.number)
    attempt = step.attempt
    receipt = attempt.receipt if attempt is not None else None
    intent = _intent(snapshot)
    told = " ".join((card.title, card.hypothesis, card.approach, card.result))
    patches = (p.number for p in snapshot.prompts.values() if p.type is PromptType.USER_PATCH)
    return Analysis(
        card,
        attempts=attempt.attempt if attempt is not None else 0,
        known=change is not None,
        files=change.files if change is not None else (),
        subjects=tuple(commit.subject for commit in change.commits) if change is not None else (),
        remarks=tuple(_remarks(change, receipt)) if change is not None else (),
        fits=fits(intent, told),
        patched_by=tuple(n for n in sorted(patches) if card.number in snapshot.prompts[n].patches_prompts),
        rejected=review.note if review is not None and not review.approved else "",
        has_intent=bool(intent.goal or intent.criteria),
    )


def _intent(snapshot: Snapshot) -> Intent:
    try:
        return intent_of(snapshot.documents.get(MILESTONE))
    except CoordError:  # `coord validate` says what is wrong with it
        return Intent()


# ── the diff, held against what its agent said


def _remarks(change: Change, receipt: Receipt | None) -> Iterable[str]:
    paths = {file.path for file in change.files}
    if not paths:
        yield "its commits change no file" if change.commits else "it has no commit"
    if receipt is not None and receipt.files and paths:
        yield from _held_against(paths, set(receipt.files), {file.old_path for file in change.files})
    if receipt is not None and receipt.no_change and paths:
        yield "its agent says that nothing had to be changed"
    if paths and not any(_TEST.search(path) for path in paths):
        yield "no test is among its files"
    left = len(change.modified) + len(change.untracked)
    if left:
        yield f"{amount(left, 'file')} of its worktree {'is' if left == 1 else 'are'} in no commit"
    if change.damaged or change.strayed:
        yield change.damaged or f"its worktree stands on {change.strayed}, with commits that its branch lacks"


def _held_against(paths: set[str], said: set[str], old: set[str]) -> Iterable[str]:
    silent, missing = sorted(paths - said), sorted(said - paths - old)
    if silent:
        yield f"its agent did not say that it changed {_listed(silent)}"
    if missing:
        yield f"its agent says that it changed {_listed(missing)}, and it did not"


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


# ── the milestone


def fits(intent: Intent, told: str) -> tuple[Fit, ...]:
    """Items of an intent that share words with what is told of a prompt; the surest first, non-goals last."""
    words = _words(told)
    items = [("goal", intent.goal), *((name, text) for part, name in PARTS.items() for text in getattr(intent, part))]
    found = [Fit(part, text, shared) for part, text in items if (shared := _shared(text, words))]
    ranks = {"goal": 1, "success criterion": 0, "constraint": 2, "non-goal": 3}
    return tuple(sorted(found, key=lambda fit: (ranks[fit.part], -len(fit.words))))


def _shared(text: str, words: frozenset[str]) -> tuple[str, ...]:
    own = _words(text)
    shared = own & words
    return tuple(sorted(shared)) if len(shared) >= min(_ENOUGH, len(own)) and shared else ()


def _words(text: str) -> frozenset[str]:
    found = (match.casefold() for match in _WORD.findall(text))
    stems = (word[:-1] if word.isascii() and word.endswith("s") and len(word) > _SHORT else word for word in found)
    return frozenset(w for w in stems if (len(w) >= _SHORT or not w.isascii()) and w not in _COMMON)
