"""What slipped through in a milestone, what let it through, and what could catch the next one. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.text import clip, plain

LONGEST = 300
"""Characters of a learning that is proposed."""
OFTEN = 3
"""Slips in people's words, of two prompts and more, after which a flow is what let them through."""
_MOST_PATHS = 3
"""Files that a learning names; of more, the folder that holds them all."""
_ABOUT = regex.compile(r"[\[(](paths?|tags?):", 2)  # 2: re.IGNORECASE
_TAG = regex.compile(r"(^|\s)#(?=[A-Za-z])")
_MARK = regex.compile(r"(?:[-*+>]\s+|\[[ xX]\]\s+|\d{1,9}[.)]\s+|#+\s+)+")
_LOOSE = regex.compile(r"[;#\n]|\|\||<<|(?<!&)&(?!&)|&&&|[&|\\]\Z")
"""What of a command would take another one's failure away, or hide what stands behind it."""
_PATH = regex.compile(r"[\w.@~+/-]{1,200}")


class SlipKind(StrEnum):
    """How it was seen that something slipped through."""

    PATCH = "user-patch"
    """An engineer had to have done work corrected."""
    FAILURE = "failure"
    REJECTION = "rejected change"
    CORRECTION = "correction"
    """An engineer's words in the alignment document."""


class Part(StrEnum):
    """What may have let it through."""

    PROMPT = "prompt"
    FLOW = "flow"
    SUITE = "suite"
    SKILL = "skill"
    LEARNING = "learning"


@dataclass(frozen=True, slots=True)
class Slip:
    """Something that went wrong and was seen later than it could have been. Its words are untrusted unless `human`."""

    kind: SlipKind
    words: str
    prompt: int | None = None
    """The prompt whose work it was; None: the milestone as a whole."""
    attempt: int = 0
    """0: no attempt in particular."""
    who: str = ""
    at: str = ""
    """UTC, ISO 8601; empty where nobody noted it."""
    human: bool = False
    fixed_by: int | None = None
    """The prompt that corrects it."""
    checks: tuple[str, ...] = ()
    """Commands by which the agent of that prompt showed that it is corrected, once that is merged."""
    lessons: tuple[str, ...] = ()
    """What the agent that failed says somebody should know."""


@dataclass(frozen=True, slots=True)
class Guided:
    """What the work on a prompt was guided and checked by."""

    number: int
    title: str
    path: str
    criteria: int = 0
    """Acceptance criteria of its file."""
    suites: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    """Names of the flows that its agents were told."""
    learnings: tuple[str, ...] = ()
    """Beginnings of those that its agents were given."""
    files: tuple[str, ...] = ()
    """That its agents say they changed."""
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that may have let a slip through."""

    part: Part
    name: str
    path: str
    """Relative to the project's root; empty where there is no file."""
    why: str
    """A sentence without its full stop."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A slip with what may have let it through, the nearest first."""

    slip: Slip
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A line that would go into a flow, a suite or the learnings."""

    id: str
    """The same as long as it says the same; letters and digits."""
    part: Part
    path: str
    """The file that it goes into, relative to the project's root."""
    text: str
    """Of a suite: a command. One line."""
    why: str
    prompts: tuple[int, ...] = ()
    """Whose work taught it."""
    paths: tuple[str, ...] = ()
    """Of a learning: the files that it is about."""
    human: bool = True
    """Its words are an engineer's; else an agent's."""


@dataclass(frozen=True, slots=True)
class Guides:
    """The files that may be edited, as they are: path → bytes, None where there is none yet."""

    learnings: str
    """Path of the learnings; empty: they can't be read, and nothing is added to them."""
    files: Mapping[str, bytes | None] = field(default_factory=dict, repr=False)
    flows: Mapping[str, str] = field(default_factory=dict)
    """Flow → path of the project's own file of it."""
    shipped: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Flow → what ships with coord, where the project has none of its own."""
    suites: Mapping[str, str] = field(default_factory=dict)
    """Suite → its path."""
    commands: Mapping[str, str] = field(default_factory=dict)
    """Suite → its command; those whose file can't be read are missing."""
    known: frozenset[str] = frozenset()
    """What the learnings say already, in small letters."""
    told: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Flow → its words."""


@dataclass(frozen=True, slots=True)
class Compounding:
    """What a milestone teaches."""

    milestone: str
    traced: tuple[Traced, ...]
    """Oldest first."""
    proposals: tuple[Proposal, ...]
    guides: Guides


def trace(slip: Slip, guided: Guided | None, guides: Guides) -> Traced:
    """What may have let a slip through. What checked the work and found nothing counts only for what was merged."""
    if guided is None:
        return Traced(slip, ())
    return Traced(slip, (_by_prompt(guided), *_by_suites(slip, guided, guides), *_by_guidance(guided, guides)))


def _by_prompt(guided: Guided) -> Cause:
    count = guided.criteria
    why = "it had no acceptance criteria" if not count else f"none of its {count} acceptance criteria says it"
    why = "its one acceptance criterion does not say it" if count == 1 else why
    return Cause(Part.PROMPT, f"{guided.number:02d}", guided.path, why)


def _by_suites(slip: Slip, guided: Guided, guides: Guides) -> list[Cause]:
    if slip.kind is SlipKind.FAILURE or not guided.merged:
        return []
    if not guided.suites:
        return [Cause(Part.SUITE, "", "", "no validation suite looked at its work")]
    return [Cause(Part.SUITE, name, guides.suites.get(name, ""), "it passed on that work") for name in guided.suites]


def _by_guidance(guided: Guided, guides: Guides) -> list[Cause]:
    flows = [Cause(Part.FLOW, name, guides.flows.get(name, ""), "its agent was told this") for name in guided.flows]
    skills = [Cause(Part.SKILL, name, "", "its agent was to use it") for name in guided.skills]
    given = [
        Cause(Part.LEARNING, clip(plain(text), 60), guides.learnings, "its agent was given it")
        for text in guided.learnings
    ]
    return [*flows, *skills, *given]


def propose(traced: Sequence[Traced], guided: Mapping[int, Guided], guides: Guides) -> tuple[Proposal, ...]:
    """What would have caught these slips: checks for suites first, then words for flows, then learnings.

    Nothing is proposed twice, and nothing that stands there already.
    """
    found: dict[str, Proposal] = {}
    for one in (*_checks(traced, guided, guides), *_rules(traced, guided, guides), *_lessons(traced, guided, guides)):
        found.setdefault(one.id, one)
    return tuple(found.values())


def _checks(traced: Sequence[Traced], guided: Mapping[int, Guided], guides: Guides) -> Iterable[Proposal]:
    """What showed that a slip is corrected goes into the suites that let it through."""
    for slip in (one.slip for one in traced):
        work = guided.get(slip.prompt or 0)
        suites = work.suites if work is not None else ()
        for name in suites:
            has = guides.commands.get(name)
            for check in slip.checks:
                if has is None or check in has or not (_is_safe_first(has) and _is_command(check)):
                    continue
                path = guides.suites[name]
                why = f"prompt {slip.fixed_by:02d} was shown by it; {name} passed without it"
                by = (slip.prompt, slip.fixed_by)
                prompts = tuple(number for number in by if number is not None)
                yield Proposal(_id("s", path, check), Part.SUITE, path, check, why, prompts, human=False)


def _is_command(text: str) -> bool:
    """Whether it can stand behind `&&`, and still fail when either of the two does."""
    sound = bool(text) and text == plain(text).strip() and len(text) <= LONGEST
    return sound and not _LOOSE.search(text) and _is_closed(text)


def _is_safe_first(command: str) -> bool:
    """Whether something can stand behind it and `&&`, and does run."""
    return (
        not any(sign in command for sign in ("\n", "#", "<<")) and command[-1:] not in "&;|\\" and _is_closed(command)
    )


def _is_closed(command: str) -> bool:
    """Every quotation in it ends."""
    import shlex

    try:
        return bool(shlex.split(command))
    except ValueError:
        return False


def _rules(traced: Sequence[Traced], guided: Mapping[int, Guided], guides: Guides) -> Iterable[Proposal]:
    """What slips through again and again under the same flow is said in that flow."""
    for name, path in guides.flows.items():
        slips = [one.slip for one in traced if one.slip.human and name in _flows(guided.get(one.slip.prompt or 0))]
        prompts = tuple(dict.fromkeys(slip.prompt for slip in slips if slip.prompt is not None))
        if len(slips) < OFTEN or len(prompts) < 2:
            continue
        for text in dict.fromkeys(lesson(slip.words) for slip in slips):
            if text and text not in guides.told.get(name, ""):
                why = f"{len(slips)} slips of {len(prompts)} prompts went by {name}"
                yield Proposal(_id("f", path, text), Part.FLOW, path, text, why, prompts)


def _flows(work: Guided | None) -> tuple[str, ...]:
    return work.flows if work is not None else ()


def _lessons(traced: Sequence[Traced], guided: Mapping[int, Guided], guides: Guides) -> Iterable[Proposal]:
    """What people had to say, and what agents that failed would have liked to know, is told to whoever comes next."""
    for slip in (one.slip for one in traced if guides.learnings):
        work = guided.get(slip.prompt or 0)
        about = paths_of(work.files) if work is not None else ()
        prompts = (slip.prompt,) if slip.prompt is not None else ()
        where = f"prompt {slip.prompt:02d}" if slip.prompt is not None else "the milestone"
        if slip.human and (text := lesson(slip.words)) and text.casefold() not in guides.known:
            why = f"{slip.kind.value} of {where}, in {plain(slip.who) or 'an engineer'}'s words"
            yield _learning(guides.learnings, text, why, prompts, about, human=True)
        for said in slip.lessons:
            if (text := lesson(said)) and text.casefold() not in guides.known:
                why = f"its agent failed on {where}, and says so"
                yield _learning(guides.learnings, text, why, prompts, about, human=False)


def _learning(
    path: str, text: str, why: str, prompts: tuple[int, ...], about: tuple[str, ...], *, human: bool
) -> Proposal:
    return Proposal(_id("l", path, text), Part.LEARNING, path, text, why, prompts, about, human)


def lesson(words: str) -> str:
    """Words as a learning: one line, without marks that would mean something else in the file; may be empty."""
    line = " ".join(plain(words).split())
    line = " ".join(_TAG.sub(r"\1", _ABOUT.sub(r"\1 ", line)).split())
    while (match := _MARK.match(line)) and match.end():
        line = line[match.end() :].lstrip()
    if len(line) > LONGEST:
        line = line[: LONGEST - 1].rstrip() + "…"
    return line if any(map(str.isalnum, line)) else ""


def paths_of(files: Sequence[str]) -> tuple[str, ...]:
    """The few files that a learning is about, or the folder that holds them all; none where there is no such one."""
    plainly = sorted({name for name in files if _PATH.fullmatch(name) and ".." not in name.split("/")})
    if len(plainly) <= _MOST_PATHS:
        return tuple(plainly)
    shared: list[str] = []
    for parts in zip(*(name.split("/")[:-1] for name in plainly), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return ("/".join(shared) + "/",) if shared else ()


def _id(kind: str, path: str, text: str) -> str:
    from hashlib import sha256

    return kind + sha256(f"{path}\0{text}".encode("utf-8", "replace")).hexdigest()[:5]
