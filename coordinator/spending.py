"""What the attempts of a run have used up, read from their directories; those that have ended are read once."""

import os
from collections.abc import Iterable

from coordinator.artifacts.attempts import load_attempt
from coordinator.artifacts.paths import Layout
from coordinator.artifacts.records import BadRecord, read_json
from coordinator.model.pausing import about_budgets, paused_seconds
from coordinator.model.situation import timestamp
from coordinator.model.snapshot import Question
from coordinator.model.spent import Spent

USAGE = "usage.json"
"""What an agent has used, in its attempt's directory: `tokens` and `cost_usd`."""


class Spending:
    """Reads a run's attempts, and keeps what can't change any more."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._ended: dict[str, Spent] = {}

    def of_run(self, run_id: str, questions: Iterable[Question] = ()) -> dict[int, Spent]:
        """By prompt, without what agents were paused for; the time of attempts under way is not in it."""
        asked = about_budgets(questions)
        folder = os.path.join(self._layout.run(run_id), "prompts")
        names = [name for name in _names(folder) if name.isdigit()]
        return {int(name): self._of_prompt(os.path.join(folder, name), asked) for name in names}

    def _of_prompt(self, folder: str, asked: tuple[Question, ...]) -> Spent:
        total = Spent()
        for name in _names(folder):
            if name.startswith("attempt-"):
                total = total.plus(self._of_attempt(os.path.join(folder, name), asked))
        return total

    def _of_attempt(self, directory: str, asked: tuple[Question, ...]) -> Spent:
        known = self._ended.get(directory)
        if known is not None:
            return known
        attempt, _ = load_attempt(directory, directory)
        spent = _usage(directory)
        if attempt is None or attempt.state.live:
            return spent
        start, end = timestamp(attempt.started), timestamp(attempt.exit.at if attempt.exit else attempt.since)
        worked = end - start - paused_seconds(asked, attempt.prompt, start, end)
        spent = spent.plus(Spent(seconds=max(0.0, worked) if attempt.started else 0.0))
        self._ended[directory] = spent
        return spent


def _usage(directory: str) -> Spent:
    try:
        values = read_json(os.path.join(directory, USAGE)) or {}
    except BadRecord:
        return Spent()
    tokens, cost = values.get("tokens"), values.get("cost_usd")
    return Spent(
        tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens > 0 else 0,
        float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) and 0 < cost < 1e9 else 0.0,
    )


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
