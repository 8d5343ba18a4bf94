"""The tools of the voice: some look, some propose, one asks. None of them writes, answers or decides.

They are made of the registry of services and of the table of what can be looked at.
"""

from collections.abc import Mapping, Sequence
from time import time

from coordinator.assistant.looking import LOOKS, Look
from coordinator.assistant.quoting import bounded, line, quoted
from coordinator.client.reading import Reading
from coordinator.errors import CoordError, Refused, UsageError
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Any
from coordinator.model.clock import utc_now
from coordinator.model.conversation import Ask, Message, Option, Proposal, ProposedStep
from coordinator.model.ids import uuid7
from coordinator.services.proposals import KEYS, MANY, MOST, PROPOSABLE, ended_by, plan_proposal
from coordinator.services.registry import SERVICES

PLAN = "propose_plan"
ASK = "ask_engineer"
_PROPOSE = "propose_"
_MOST_OPTIONS = 6
_NUMBER = {"type": "integer", "minimum": 1}
_WHY = {"type": "string", "description": "Why, in a sentence or two; the engineer reads it on the card."}


@dataclass(frozen=True, slots=True)
class Called:
    """What came of a call."""

    text: str
    """For the model."""
    message: Message | None = None
    """A card or a question that the engineer sees now; the turn is over then."""
    failed: bool = False


@dataclass(slots=True)
class Tools:
    """What can be called in one turn; belongs to the thread that calls."""

    reading: Reading
    who: str
    named: frozenset[int] = frozenset()
    """Prompts that the engineer has named."""
    read: list[str] = field(default_factory=list)
    """Sources of what was read in this turn, each once."""
    shown: int = 0
    """Cards and questions that this turn has brought up; there is room for one."""

    def about(self, name: str, values: Mapping[str, Any]) -> str:
        """One line about a call, for people."""
        look = LOOKS.get(name)
        return look.about(values) if look is not None else ""

    def call(self, name: str, values: Mapping[str, Any]) -> Called:
        """Carry out a call; whatever is wrong with it is told to the model."""
        try:
            if name in LOOKS:
                return self._look(LOOKS[name], values)
            if name == ASK:
                return self._show(_question(values), "The question is shown. Wait for the answer.")
            return self._show(self._proposal(name, values), "The card is shown. Wait for the decision.")
        except CoordError as error:
            told = "\n".join(part for part in (error.message, error.remedy) if part)
            return Called(bounded(told, 1000), failed=True)

    def _look(self, look: Look, values: Mapping[str, Any]) -> Called:
        _check(values, look.schema)
        text = look.read(self.reading, values, time())
        source = look.about(values)
        if source not in self.read:
            self.read.append(source)
        return Called(quoted(source, text, look.most, end=look.end))

    def _show(self, message: Message, text: str) -> Called:
        if self.shown:
            raise Refused("one card or question at a time", "wait for the engineer")
        self.shown += 1
        return Called(text, message)

    def _proposal(self, name: str, values: Mapping[str, Any]) -> Proposal:
        """A proposal that can be planned right now. Raises Refused and UsageError."""
        service = name.removeprefix(_PROPOSE)
        if name != PLAN and (not name.startswith(_PROPOSE) or service not in PROPOSABLE):
            raise Refused(f"there is no tool `{line(name, 40)}`", "use those that there are")
        why = values.get("why")
        if not isinstance(why, str) or not why.strip():
            raise UsageError("`why` is missing", "say why, in a sentence or two")
        title = ""
        steps: tuple[ProposedStep, ...] = (
            ProposedStep(service, {key: value for key, value in values.items() if key != "why"}),
        )
        if name == PLAN:
            title, steps = _steps(values)
        plan = plan_proposal(self.reading.look(), steps, who=self.who, at=utc_now(), proposer="coordinator")
        unnamed = sorted(ended_by(plan, steps) - self.named)
        if unnamed:
            numbers = ", ".join(f"{number:02d}" for number in unnamed)
            raise Refused(
                f"the engineer has not named {numbers}, and this would end or restart work there",
                "ask first, with options that name the prompts by number",
            )
        return Proposal(f"p-{uuid7()}", line(title or plan.summary), bounded(why, 1000), steps, tuple(self.read))


def declared() -> list[dict[str, Any]]:
    """Every tool: name, description and JSON schema of its input; the same each time."""
    looks = [_tool(name, look.help, look.schema) for name, look in LOOKS.items()]
    return [*looks, *(_proposing(name) for name in PROPOSABLE), _tool(PLAN, _PLAN_HELP, _plan_schema()), _asking()]


_PLAN_HELP = (
    "Propose several steps as one plan, which is applied as a whole or not at all. Each step is planned on what those "
    "before it leave; a new prompt gets the next free number."
)


def _tool(name: str, help: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "description": help, "input_schema": dict(schema)}


def _service_schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = dict(SERVICES[name].schema)
    schema.pop("description", None)
    if name == "many":
        dropped = {key: one for key, one in schema["properties"].items() if key != "answer"}
        schema["properties"] = {**dropped, "do": {**dropped["do"], "enum": list(MANY)}}
    if name == "edit":
        keys = {key: {"type": "string"} for key in KEYS}
        values = {**schema["properties"]["values"], "properties": keys, "additionalProperties": False}
        schema["properties"] = {**schema["properties"], "values": values}
    return schema


def _proposing(name: str) -> dict[str, Any]:
    schema = _service_schema(name)
    schema["properties"] = {**schema["properties"], "why": _WHY}
    schema["required"] = [*schema["required"], "why"]
    help = f"Propose, as a card that the engineer confirms, edits or rejects: {SERVICES[name].help}"
    return _tool(f"{_PROPOSE}{name}", help, schema)


def _plan_schema() -> dict[str, Any]:
    step = {
        "type": "object",
        "properties": {
            "service": {"type": "string", "enum": list(PROPOSABLE)},
            "values": {"type": "object", "description": "As the tool `propose_SERVICE` takes them, without `why`."},
        },
        "required": ["service", "values"],
        "additionalProperties": False,
    }
    properties = {
        "title": {"type": "string", "description": "The plan in a few words."},
        "why": _WHY,
        "steps": {"type": "array", "items": step, "minItems": 1, "maxItems": MOST},
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _asking() -> dict[str, Any]:
    option = {
        "type": "object",
        "properties": {
            "label": {"type": "string", "description": "The answer, in a few words."},
            "tradeoff": {"type": "string", "description": "What speaks for it, and what it costs."},
        },
        "required": ["label", "tradeoff"],
        "additionalProperties": False,
    }
    properties = {
        "question": {"type": "string"},
        "options": {"type": "array", "items": option, "maxItems": _MOST_OPTIONS},
    }
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return _tool(
        ASK, "Ask the engineer one question, with options and their trade-offs. The turn ends with it.", schema
    )


def _steps(values: Mapping[str, Any]) -> tuple[str, tuple[ProposedStep, ...]]:
    title, given = values.get("title"), values.get("steps")
    if not isinstance(title, str) or not isinstance(given, list):
        raise UsageError("a plan needs `title` and `steps`", "give both")
    steps = []
    for one in given:
        if (
            not isinstance(one, dict)
            or not isinstance(one.get("service"), str)
            or not isinstance(one.get("values"), dict)
        ):
            raise UsageError("a step needs `service` and `values`", "give both")
        steps.append(ProposedStep(one["service"], one["values"]))
    return title, tuple(steps)


def _question(values: Mapping[str, Any]) -> Ask:
    question, given = values.get("question"), values.get("options", [])
    if not isinstance(question, str) or not question.strip() or not isinstance(given, list):
        raise UsageError("a question needs words", "give `question` and `options`")
    if len(given) > _MOST_OPTIONS:
        raise UsageError(f"{len(given)} options are too many", f"offer at most {_MOST_OPTIONS}")
    options = []
    for one in given:
        label = one.get("label") if isinstance(one, dict) else one
        if not isinstance(label, str) or not label.strip():
            raise UsageError("an option needs a `label`", "give label and tradeoff")
        tradeoff = one.get("tradeoff") if isinstance(one, dict) else ""
        options.append(Option(line(label), bounded(tradeoff, 500) if isinstance(tradeoff, str) else ""))
    return Ask(f"q-{uuid7()}", bounded(question, 2000), tuple(options))


_TYPES: Mapping[str, type] = {"integer": int, "string": str}


def _check(values: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise UsageError where the values of a call that looks don't fit its schema."""
    known: Mapping[str, Any] = schema["properties"]
    wanted: Sequence[str] = schema.get("required", ())
    for key in wanted:
        if values.get(key) is None:
            raise UsageError(f"`{key}` is missing", str(known[key].get("description", "")))
    for key, value in values.items():
        if key not in known:
            raise UsageError(
                f"nobody asks for `{line(str(key), 40)}`", f"what may be given: {', '.join(known) or 'nothing'}"
            )
        right = isinstance(value, _TYPES[known[key]["type"]]) and not isinstance(value, bool)
        if (
            not right
            or (isinstance(value, int) and not 0 < value < 10**9)
            or (isinstance(value, str) and len(value) > 500)
        ):
            raise UsageError(f"`{key}` is no {known[key]['type']} that can be used", "correct it")
