"""Who is told which parts, in which order, and how long each may be. Pure."""

from coordinator.agents import brief_parts as parts
from coordinator.agents import brief_review as reviews
from coordinator.agents import brief_round as rounds
from coordinator.agents import brief_station as stations
from coordinator.agents.brief import Brief, Part
from coordinator.agents.brief_ending import ending
from coordinator.model.round import PLANNER, VERIFIER

_WHOLE_FILE = 4 * 1024 * 1024
"""Characters that no prompt's file has."""
_ROLE = Part("role", parts.role, 32_000)
_INTENT = Part("intent", parts.intent, parts.INTENT, "milestone")
_PROMPT = Part("prompt", parts.prompt, _WHOLE_FILE, "prompt")
_DECISIONS = Part("decisions", parts.decisions, parts.DECISIONS)
_ENGINEER = Part("words", parts.words, parts.WORDS, "alignment")
_BUILDS_ON = Part("builds_on", parts.builds_on, parts.BUILDS_ON, "alignment")
_AGAIN = Part("again", parts.again, 16_000, "alignment")
_REVIEW = Part("review", reviews.comments, reviews.REVIEW)
_EXISTS = Part("exists", parts.exists, 8_000)
_ARTIFACTS = Part("artifacts", parts.artifacts, 4_000)
_LEARNINGS = Part("learnings", parts.learnings, 2_000, "learnings")
_WHOLE = Part("whole", parts.whole, 1_000)
_ENDING = Part("ending", ending, 4_000)
_PLACE = Part("station", stations.place, 16_000)
_GIVEN = Part("given", stations.given, stations.GIVEN)
_ITEMS = Part("worklist", stations.items, 24_000)
_STATION_ENDING = Part("ending", stations.ending, 6_000)
_SPEC = Part("intent", rounds.spec, rounds.SPEC, "milestone")
_ITERATION = Part("iteration", rounds.iteration, 2_000)
_CRITERIA = Part("criteria", rounds.criteria, 40_000, "milestone")
_FINDINGS = Part("feedback", rounds.findings, rounds.FINDINGS)
_KNOWN = Part("feedback", rounds.known_findings, rounds.KNOWN)
_FAILURES = Part("failures", rounds.failures, 6_000)
_PROMPTS = Part("prompts", rounds.prompts, rounds.PROMPTS)
_HANDED = Part("handed_off", rounds.handed_off, rounds.HANDED, "alignment")
_COMMANDS = Part("commands", rounds.commands, 6_000)
_TO_CURATE = Part("learnings", rounds.learnings_to_curate, 16_000, "learnings")

EXECUTOR = (
    *(_ROLE, _INTENT, _PROMPT, _DECISIONS, _ENGINEER, _BUILDS_ON, _AGAIN, _REVIEW, _EXISTS, _ARTIFACTS),
    *(_LEARNINGS, _WHOLE, _ENDING),
)
"""What the agent of a prompt is told."""
STATION = (
    *(_ROLE, _INTENT, _PROMPT, _AGAIN, _REVIEW, _PLACE, _GIVEN, _ITEMS, _DECISIONS, _ENGINEER, _BUILDS_ON),
    *(_ARTIFACTS, _LEARNINGS, _WHOLE, _STATION_ENDING),
)
"""What the agent of a station is told."""
ABOUT_ALL = (_ROLE, _INTENT, _DECISIONS, _ENGINEER, _ARTIFACTS, _LEARNINGS, _WHOLE)
"""What holds for whoever works on no prompt."""
PLANS = (
    *(_ROLE, _SPEC, _ITERATION, _ENGINEER, _DECISIONS, _CRITERIA, _FINDINGS, _FAILURES, _PROMPTS, _HANDED),
    *(_AGAIN, _ARTIFACTS, _TO_CURATE, _WHOLE, _ENDING),
)
VERIFIES = (
    *(_ROLE, _SPEC, _ITERATION, _ENGINEER, _DECISIONS, _CRITERIA, _COMMANDS, _PROMPTS, _AGAIN, _ARTIFACTS),
    *(_LEARNINGS, _WHOLE, _ENDING),
)
LOOKS = (
    *(_ROLE, _SPEC, _ITERATION, _ENGINEER, _DECISIONS, _KNOWN, _PROMPTS, _HANDED, _AGAIN, _ARTIFACTS),
    *(_LEARNINGS, _WHOLE, _ENDING),
)
"""What a specialist is told."""
_BY_FLOW = {PLANNER: PLANS, VERIFIER: VERIFIES}


def parts_for(brief: Brief) -> tuple[Part, ...]:
    """The parts for a piece of work; without one, those that hold for all."""
    if brief.work is None:
        return ABOUT_ALL
    if brief.station is not None:
        return STATION
    return _BY_FLOW.get(brief.work.flow, LOOKS) if brief.work.kind == "flow" else EXECUTOR
