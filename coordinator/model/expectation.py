"""What a prompt takes, told before it starts: tokens, money, minutes, judged by this project's own attempts. Pure."""

from collections.abc import Mapping, Sequence

from coordinator.lazy.dataclass import dataclass
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Sample, Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import amount, plain

LEAST = 5
"""Finished attempts below which nothing is told."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Half of the attempts took at most `p50`, nine of ten at most `p90`."""

    p50: float
    p90: float

    def to_json(self, digits: int) -> dict[str, float | int]:
        told = {"p50": round(self.p50, digits), "p90": round(self.p90, digits)}
        return told if digits else {name: int(value) for name, value in told.items()}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one attempt takes. What too few attempts told is None."""

    samples: int
    """Finished attempts that it rests on; fewer than `LEAST`: nothing can be told."""
    basis: str = ""
    """Of which: `claude, opus`, `claude`, or empty for all."""
    tokens: Estimate | None = None
    cost_usd: Estimate | None = None
    seconds: Estimate | None = None

    def to_json(self) -> dict[str, object]:
        minutes = self.seconds and Estimate(self.seconds.p50 / 60, self.seconds.p90 / 60)
        return {
            "samples": self.samples,
            "basis": self.basis or None,
            "tokens": self.tokens and self.tokens.to_json(0),
            "cost_usd": self.cost_usd and self.cost_usd.to_json(4),
            "minutes": minutes and minutes.to_json(1),
        }

    @property
    def told(self) -> bool:
        return self.seconds is not None or self.tokens is not None or self.cost_usd is not None

    @property
    def words(self) -> str:
        """`takes about 12 min, 40k tokens, $0.31; nine of ten within 30 min, 90k tokens, $0.80 (24 attempts)`."""
        if not self.told:
            return f"too few attempts finished to tell what it takes ({self.samples} of {LEAST})"
        half, most = (self._amounts(which) for which in ("p50", "p90"))
        of = f" of {plain(self.basis)}" if self.basis else ""
        return f"takes about {half}; nine of ten within {most} ({amount(self.samples, 'attempt')}{of})"

    @property
    def sentence(self) -> str:
        return f"It {self.words}." if self.told else f"{self.words[0].upper()}{self.words[1:]}."

    def _amounts(self, which: str) -> str:
        from coordinator.model.forecast import rough  # only words need it

        minutes, tokens, cost = (getattr(one, which, None) for one in (self.seconds, self.tokens, self.cost_usd))
        parts = [rough(minutes) if minutes is not None else "", f"{short(tokens)} tokens" if tokens is not None else ""]
        return ", ".join(filter(None, [*parts, f"${cost:.2f}" if cost is not None else ""]))


def short(count: float) -> str:
    """A number no more exact than an estimate is: `840`, `40k`, `1.2M`."""
    if count < 1000:
        return str(round(count))
    return f"{count / 1000:.0f}k" if count < 999_500 else f"{count / 1e6:.1f}M"


def expect(samples: Sequence[Sample], runtime: str = "", model: str = "") -> Expectation:
    """What an attempt of a runtime with a model takes: judged by its own kind, where there are enough of it."""
    same = [one for one in samples if one.runtime == runtime]
    kinds = {
        f"{runtime}, {model}": [one for one in same if model and one.model == model],
        runtime: same,
        "": list(samples),
    }
    return next((_judged(own, basis) for basis, own in kinds.items() if len(own) >= LEAST), Expectation(len(samples)))


def expected(snapshot: Snapshot, prompt: Prompt) -> Expectation:
    """What the next attempt at a prompt takes."""
    return expect(snapshot.samples, prompt.agent or snapshot.settings.runtime, prompt.model or "")


def expectations(snapshot: Snapshot) -> Mapping[int, Expectation]:
    """By number, of the prompts that wait to be started."""
    known: dict[tuple[str, str], Expectation] = {}
    found = {}
    for number, step in snapshot.steps.items():
        if step.state is StepState.PENDING:
            prompt = snapshot.prompts[number]
            kind = (prompt.agent or "", prompt.model or "")
            if kind not in known:
                known[kind] = expected(snapshot, prompt)
            found[number] = known[kind]
    return found


def _judged(samples: Sequence[Sample], basis: str) -> Expectation:
    return Expectation(
        len(samples),
        basis,
        _of([one.tokens for one in samples]),
        _of([one.cost_usd for one in samples]),
        _of([one.seconds for one in samples]),
    )


def _of(values: Sequence[float | None]) -> Estimate | None:
    """The values themselves tell, none in between; None for too few."""
    ordered = sorted(value for value in values if value is not None)
    if len(ordered) < LEAST:
        return None
    return Estimate(*(float(ordered[-(-len(ordered) * part // 100) - 1]) for part in (50, 90)))
