"""What the coordinator says in pictures."""

from collections.abc import Mapping, Sequence

from coordinator.model.conversation import (
    Ask,
    Message,
    Option,
    Proposal,
    ProposedStep,
    Text,
    Tool,
    Trouble,
    TurnEnd,
    Usage,
)

_ANSWER = """\
## Where it stands

Two of ten prompts are **merged**; `04` *waits for a permission*, and four more wait behind it:

1. `03 Persist buckets across restarts` has its change open: [the review](https://forge.example/pull/7) is yours.
2. `07` can't start before `05` and `09`.

| prompt | waits for | since |
|---|---|---|
| 04 | leave to run `redis-server --port 7777` | 40s |
| 05 | the review of its change | 12m |

```python
def refill(self, now: float) -> None:
    # a clock may step back: never take tokens away
    passed = max(0.0, now - self.last)
    self.tokens = min(self.size, self.tokens + passed * self.rate)
```

> The table is called buckets, not bucket.
> ~ from the alignment document

- [x] the bucket refills
- [ ] the clock is monotonic
"""
_CARD = Proposal(
    "p1",
    "Measure before the limiter is compared",
    "Prompt 07 compares against numbers that nobody has yet.",
    (ProposedStep("interject", {"title": "Measure the naive limiter", "before": [7], "reason": "numbers first"}),),
)
_FIVE = Proposal(
    "p2",
    "Steer towards the deadline",
    "What is not needed for the release goes, what it hangs on goes first.",
    (
        ProposedStep("interject", {"title": "Freeze the interface", "before": [7]}),
        ProposedStep("edit", {"number": 8, "values": {"priority": "high"}}),
        ProposedStep("cancel", {"number": 10, "reason": "after the release"}),
        ProposedStep("edit", {"number": 9, "values": {"priority": "low"}}),
        ProposedStep("patch", {"title": "Name the unit", "fixes": [1], "went_wrong": "seconds or milliseconds?"}),
    ),
)
_ASK = Ask(
    "a1",
    "Which goes first, now that both can't be done before the release?",
    (
        Option("Persist buckets", "survives a restart, but the interface changes once more"),
        Option("Freeze the interface", "clients can begin, and a restart loses at most a minute of counts"),
        Option("Neither: ask the team", "costs a day"),
    ),
)

SAID: Mapping[str, Sequence[Message]] = {
    "answer": (Tool("status", "where everything stands"), Text(_ANSWER), Usage(11_900, 480, 0, 0.08), TurnEnd()),
    "ask": (Tool("log", "the log of prompt 03"), Text("That is yours to say."), _ASK, TurnEnd()),
    "trouble": (
        Text("Two of ten"),
        Trouble("rate_limit", "the API lets nothing through", "2027-01-15T08:07:00Z"),
        TurnEnd("error"),
    ),
    "japanese": (
        Text(
            "## 状況\n\n**二つ**のプロンプトは統合済みです。"
            + "残りは待っています。" * 12
            + "\n\n- `07` は `05` を待つ\n"
        ),
        TurnEnd(),
    ),
    "card": (Text("I would measure first."), _CARD, TurnEnd()),
    "five": (Text("Five things, as one plan:"), _FIVE, TurnEnd()),
}
