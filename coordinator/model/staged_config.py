"""How the stages of `staged` are set up: defaults, and layers merged over them key by key. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.staged_phases import FIX, PHASES, STAGES, TASKS, TEST, Phase
from coordinator.model.text import clip, plain

SEVERITIES = ("low", "medium", "high")
"""Of what a review finds, the least first."""
MOST_TASKS_AT_ONCE = 10
_WORD = regex.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@+\[\]-]{0,199}")
"""A model, or an agent CLI: it becomes a word of a command line."""
_SECONDS = regex.compile(r"(\d{1,7}(?:\.\d{1,3})?) ?(s|m|min|h)?")
_UNITS = {None: 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Leaf(NamedTuple):
    """A setting."""

    kind: str
    """`flag`, `number`, `word`, `text`, `seconds`, `choice`, or `elsewhere`: it is known, and does nothing here."""
    default: Any
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 1_000_000


def _who(**more: Leaf) -> dict[str, Any]:
    """The settings of everything that an agent does; empty ones are those of the level above."""
    return {
        "enabled": Leaf("flag", True),
        "model": Leaf("word", ""),
        "agent": Leaf("word", ""),
        "timeout": Leaf("seconds", None),
        "retries": Leaf("number", None, most=20),
        **more,
    }


_ROUNDS = Leaf("number", 3, most=20)
_GATE = Leaf("elsewhere", "")
_LEVEL = {"files": Leaf("number", 1), "lines": Leaf("number", 50), "model": Leaf("word", "")}
SCHEMA: Mapping[str, Any] = {
    "version": Leaf("elsewhere", ""),
    "defaults": {
        "model": Leaf("word", ""),
        "agent": Leaf("word", ""),
        "timeout": Leaf("seconds", 1800.0),
        "retries": Leaf("number", 0, most=20),
        "testStage": Leaf("flag", True),
        "blockOnSeverity": Leaf("choice", "low", SEVERITIES),
        "gitWorkflow": _GATE,
    },
    "complexityScoring": {
        "easy": dict(_LEVEL),
        "medium": _LEVEL | {"files": Leaf("number", 3), "lines": Leaf("number", 200)},
        "hard": {"model": Leaf("word", "")},
    },
    "stages": {
        "PLAN": _who() | {"brainstorm": _who(), "writePlan": _who(), "planReview": _who(maxRetries=_ROUNDS)},
        "IMPLEMENT": _who()
        | {
            "tasks": _who(
                timeout=Leaf("seconds", 600.0),
                maxReadFiles=Leaf("number", 10, least=1),
                maxWriteFiles=Leaf("number", 3, least=1),
                allowBashCommands=Leaf("flag", False),
            ),
            "simplify": _who(),
            "implementReview": _who(maxRetries=_ROUNDS, bugFixer=Leaf("word", "")),
        },
        "TEST": _who(coverageThreshold=Leaf("number", 80, most=100))
        | {
            "commands": {name: Leaf("text", "") for name in ("lint", "test", "coverage")},
            "testPlan": _who(),
            "writeTests": _who(maxRetries=_ROUNDS, bugFixer=Leaf("word", "")),
            "testReview": _who(maxRetries=_ROUNDS),
        },
        "FINAL": _who()
        | {
            "documentUpdates": _who(),
            "finalReview": _who(maxRetries=_ROUNDS, bugFixer=Leaf("word", "")),
            "extensions": _who(),
            "completion": _who() | {"git": {"branchFormat": _GATE}},
        },
    },
    "parallelism": {"maxParallelTasks": Leaf("number", 5, least=1, most=MOST_TASKS_AT_ONCE)},
    "git": {"excludePatterns": _GATE},
}
"""Key → setting, or the settings below it."""


class Wrong(NamedTuple):
    """Something in a layer that is not taken."""

    path: tuple[str, ...]
    message: str
    remedy: str
    warning: bool = False
    """It does no harm: it only says nothing."""


class Merged(NamedTuple):
    values: dict[str, Any]
    """Every setting there is, by key, as JSON has it."""
    wrong: tuple[tuple[int, Wrong], ...]
    """With the number of its layer."""


def merged(layers: Iterable[Any]) -> Merged:
    """Layers over the defaults, the last one first heard; one that says nothing of a key leaves it as it is."""
    values, wrong = _defaults(SCHEMA), []
    for number, layer in enumerate(layers):
        wrong += [(number, found) for found in _over(values, SCHEMA, layer, ())]
    return Merged(values, tuple(wrong))


def _defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: inner for key, inner in schema.items() if not isinstance(inner, Leaf) or inner.kind != "elsewhere"}
    made = {key: inner.default if isinstance(inner, Leaf) else _defaults(inner) for key, inner in known.items()}
    return {key: value for key, value in made.items() if value != {}}


def _over(values: dict[str, Any], schema: Mapping[str, Any], layer: Any, path: tuple[str, ...]) -> Iterator[Wrong]:
    if layer in (None, ""):
        return
    if not isinstance(layer, Mapping):
        yield Wrong(path, f"{_named(path)} has settings below it", f"write {', '.join(schema)} below it")
        return
    for key, value in layer.items():
        inner, where = schema.get(key), (*path, str(key))
        if inner is None:
            yield Wrong(where, f"there is no `{_named(where)}`", _nearest(str(key), schema))
        elif not isinstance(inner, Leaf):
            yield from _over(values.setdefault(key, {}), inner, value, where)
        elif inner.kind == "elsewhere":
            message = f"`{_named(where)}` says nothing here"
            yield Wrong(where, message, "the gate of coord.yaml decides what becomes of the branch", True)
        elif value is not None:
            try:
                values[key] = _typed(inner, value)
            except ValueError as error:
                yield Wrong(where, f"{_named(where)}: `{clip(plain(_text(value)), 40)}` is not {error}", "correct it")


def _typed(leaf: Leaf, value: Any) -> Any:
    """ValueError that says what it should be."""
    text = _text(value).strip()
    if leaf.kind == "flag":
        if text.lower() not in _FLAGS:
            raise ValueError("true or false")
        return _FLAGS[text.lower()]
    if leaf.kind == "number":
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        if not leaf.least <= number <= leaf.most:
            raise ValueError(f"a whole number from {leaf.least} to {leaf.most:,}")
        return number
    if leaf.kind == "seconds":
        match = _SECONDS.fullmatch(text.lower())
        if match is None or float(match[1]) <= 0:
            raise ValueError("a time, such as 900, or 15m")
        return float(match[1]) * _UNITS[match[2]]
    if leaf.kind == "choice":
        if text.lower() not in leaf.choices:
            raise ValueError(f"one of {', '.join(leaf.choices)}")
        return text.lower()
    if not isinstance(value, str) or (leaf.kind == "word" and text and not _WORD.fullmatch(text)):
        raise ValueError("a name, as the agent's CLI has it" if leaf.kind == "word" else "a text")
    return "" if leaf.kind == "word" and text == "inherit" else text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _named(path: tuple[str, ...]) -> str:
    return clip(plain(".".join(path)), 80) or "it"


def _nearest(key: str, schema: Mapping[str, Any]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key[:80], schema, 1, 0.5)
    return f"did you mean `{close[0]}`?" if close else f"there is {', '.join(schema)}"


# ── what is set


class Who(NamedTuple):
    """Who does a turn, and how long it may take."""

    agent: str
    """Its CLI; empty: that of the prompt, or the project's."""
    model: str
    timeout: float
    """Seconds."""
    retries: int
    """Turns that may fail before a human is asked."""


@dataclass(frozen=True, slots=True)
class StagedConfig:
    """The settings of one prompt's stages."""

    values: Mapping[str, Any]
    """As `merged` gives them."""
    skipped: tuple[str, ...] = ()
    """Stages that the prompt leaves out."""

    def stage(self, stage: str) -> Mapping[str, Any]:
        """The settings of a stage alone."""
        found: Mapping[str, Any] = self.values["stages"][stage]
        return found

    def phase(self, phase: Phase) -> Mapping[str, Any]:
        """The settings of a phase alone; of TEST with what it measures by."""
        own: Mapping[str, Any] = self.stage(phase.stage).get(phase.key, {})
        shared = ("commands", "coverageThreshold") if phase.stage == TEST else ()
        return {**{key: self.stage(phase.stage)[key] for key in shared}, **own}

    def runs(self, stage: str) -> bool:
        """Whether a stage is run at all."""
        wanted = stage != TEST or bool(self.values["defaults"]["testStage"])
        return wanted and stage not in self.skipped and bool(self.stage(stage)["enabled"])

    @property
    def stages(self) -> tuple[str, ...]:
        return tuple(filter(self.runs, STAGES))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """What is run, in order."""
        return tuple(
            phase for phase in PHASES if self.runs(phase.stage) and self.phase(phase).get("enabled", True) is True
        )

    @property
    def at_once(self) -> int:
        """Tasks of a wave that run at once."""
        return int(self.values["parallelism"]["maxParallelTasks"])

    @property
    def blocks_on(self) -> str:
        """The least severity of a finding that has to be mended."""
        return str(self.values["defaults"]["blockOnSeverity"])

    @property
    def coverage(self) -> int:
        """Per cent of coverage below which more tests are wanted."""
        return int(self.stage(TEST)["coverageThreshold"])

    def rounds(self, phase: Phase) -> int:
        """How often a review may send work back."""
        return int(self.phase(phase).get("maxRetries", 0))

    def who(self, phase: Phase, task: str = "", level: str = "") -> Who:
        """Who does a phase, or a task of it. `level`: how complex the task is, which chooses its model."""
        tiers = (self.phase(phase), self.stage(phase.stage), self.values["defaults"])
        agent, model = (next((tier[key] for tier in tiers if tier.get(key)), "") for key in ("agent", "model"))
        timeout, retries = (
            next((tier[key] for tier in tiers if tier.get(key) is not None), 0) for key in ("timeout", "retries")
        )
        if phase is TASKS and level:
            model = self.phase(phase)["model"] or self.values["complexityScoring"][level]["model"] or model
        if task == FIX and (fixer := self.phase(phase).get("bugFixer")):
            agent, model = fixer, ""
        return Who(str(agent), str(model), float(timeout), int(retries))

    def level(self, files: int, lines: int) -> str:
        """`easy`, `medium` or `hard`: the higher one of what files and lines tell. 0 lines: nobody knows."""
        scoring = self.values["complexityScoring"]
        fits = (name for name in ("easy", "medium") if _fits(scoring[name], files, lines))
        return next(fits, "hard")


def _fits(level: Mapping[str, Any], files: int, lines: int) -> bool:
    return bool(files <= level["files"] and lines <= level["lines"])
