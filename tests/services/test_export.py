"""What an object of plot is told: every event once, and nothing that stands there already is changed."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.formats.foreign.plot import Plot, read_plot
from coordinator.model.event import Event
from coordinator.services.export import PlotFile, linked, plan_plot

words = st.text(st.sampled_from('ab漢 "\\\n🃏'), min_size=1, max_size=8)
PATH = ".plot/p.json"


def event(seq: int, kind: str, data: dict[str, object], actor_kind: str = "human") -> Event:
    at = f"2027-01-01T00:00:{seq:02d}.000Z"
    return Event(seq, f"id-{seq}", at, None, None, actor_kind, "ada", kind, "milestone", data, "", "")


happened = st.one_of(
    st.tuples(st.just("decision.recorded"), st.fixed_dictionaries({"text": words})),
    st.tuples(st.just("question.asked"), st.fixed_dictionaries({"text": words})),
    st.tuples(st.just("question.answered"), st.fixed_dictionaries({"answer": words})),
    st.tuples(st.just("milestone.status"), st.fixed_dictionaries({"status": st.sampled_from(["open", "done", "x"])})),
    st.tuples(
        st.just("intent.set"),
        st.fixed_dictionaries({"goal": words.map(str.split).map(" ".join), "constraints": st.just(["one"])}),
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(happened, max_size=8),
    st.sampled_from([None, 2, "\t"]),
    st.booleans(),
    st.sampled_from(["", "\n", "\nno event\n"]),
)
def test_everything_is_told_once_and_nothing_is_lost(
    log: list[tuple[str, dict[str, object]]], indent: int | str | None, ascii_only: bool, end: str
) -> None:
    document = {
        "more": {"status": 1.50, "intent": {"goal": "x"}},
        "id": "p",
        "status": "ready",
        "intent": {"goal": "漢", "non_goals": [], "constraints": ["one"], "success_criteria": [], "extra": None},
        "updated_at": "then",
    }
    data = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    events = b'{"type":"status_changed","actor":"user:ada","at":"then","data":{"to":"ready"}}' + end.encode()
    ours = tuple(event(seq, kind, more) for seq, (kind, more) in enumerate(log, 1))
    made = plan_plot(PlotFile(PATH, data, events), ours)
    after = made.files.get(PATH, data)
    lines = made.files.get(".plot/p.events.jsonl", events)
    assert lines.startswith(events)
    plot = read_plot(PATH, after, lines)
    assert isinstance(plot, Plot)
    if made.files:
        assert plot.mismatches == ()
    now = json.loads(after)
    assert {**now, "status": 0, "intent": 0, "updated_at": 0} == {**document, "status": 0, "intent": 0, "updated_at": 0}
    assert now["intent"]["extra"] is None
    again = plan_plot(PlotFile(PATH, after, lines), ours)
    told = [one for one in lines[len(events) :].split(b"\n") if one]
    assert len(told) == len(set(told))
    assert again.files == {}
    killed = plan_plot(PlotFile(PATH, data, lines), ours)  # after the events were written, and before the object was
    assert killed.files == {path: content for path, content in made.files.items() if path == PATH}


def test_a_plot_is_told_of_its_own_milestone_alone() -> None:
    log = [
        event(1, "decision.recorded", {"text": "before"}),
        event(2, "attachment.added", {"ref": PATH, "type": "file"}),
        event(3, "decision.recorded", {"text": "mine"}),
        event(4, "attachment.added", {"ref": "docs/x.md", "type": "file"}),
        event(5, "attachment.added", {"ref": PATH, "type": "file"}),
        event(6, "milestone.created", {"id": "M2"}),
        event(7, "decision.recorded", {"text": "after"}),
        event(8, "attachment.added", {"ref": ".plot/q.json", "type": "file"}),
        event(9, "note.added", {"text": "other"}),
    ]
    assert {path: [one.seq for one in events] for path, events in linked(log).items()} == {
        PATH: [3, 4],
        ".plot/q.json": [9],
    }


def test_an_archived_object_keeps_its_status() -> None:
    data = json.dumps({"status": "archived", "intent": {}}).encode()
    made = plan_plot(PlotFile(PATH, data, b""), (event(1, "milestone.status", {"status": "done"}),))
    assert made.files == {}
    assert plan_plot(PlotFile(PATH, b"{}", b""), ()).problems
