"""Files of other tools, whatever is in them: read, or named as what can't be."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.formats.foreign import planning, plot, subagents, swarm
from coordinator.formats.spec_text import read_spec
from coordinator.model.problem import Problem

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)
_KEYS = "run_id status runs items acs intent stages phases tasks planFilePath currentStage goal attachments summary"
keys = st.sampled_from(_KEYS.split())
documents = st.dictionaries(keys, json_values | st.dictionaries(keys, json_values)).map(lambda one: json.dumps(one))
junk = st.one_of(
    st.binary(max_size=120), documents.map(str.encode), json_values.map(lambda one: json.dumps(one).encode())
)


@settings(max_examples=300, deadline=None)
@given(junk, junk)
def test_whatever_the_bytes_are_nothing_is_raised(one: bytes, other: bytes) -> None:
    names = (
        "run_meta.json",
        "build/build_receipt.json",
        "build/ac_status.json",
        "r/x_worklist.json",
        "plan/subtasks.yaml",
    )
    index = swarm.read_index(other, "i")
    swarm.read_run("r", dict.fromkeys(names, one), (), {} if isinstance(index, Problem) else index)
    subagents.read_state(subagents.STATES[0], one, {"docs/plans/p.md": other})
    subagents.config_values(one, "c")
    found = plot.read_plot(".plot/p.json", one, other)
    if isinstance(found, plot.Plot):
        plot.as_run(found, "p")
    planning.read_folder(".planning/x", one, other, {"01.md": other})


def test_settings_of_another_tool_with_the_same_name_are_named() -> None:
    found = subagents.config_values(b'{"agents": {"builder": {"type": "general-purpose"}}}', subagents.CONFIG)
    assert isinstance(found, Problem)
    assert found.code == "other-config"
    assert subagents.config_values(b'{"parallelism": {"maxParallelTasks": 3}}', "c") == {
        "parallelism": {"maxParallelTasks": 3}
    }


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_folders_of_branches_are_called_as_all_hands_calls_them(branch: str) -> None:
    assert all(char.isascii() and (char.isalnum() or char in "_-") for char in planning.folder_of(branch))
    assert len(planning.folder_of(branch)) == len(branch)
    assert planning.folder_of("release/1.2") == "release-1-2"


words = st.text(st.sampled_from("abc漢 .,"), min_size=1).map(lambda text: " ".join(f"a{text}z".split()))


@given(words, words, *(st.lists(words, max_size=3, unique=True) for _ in range(3)))
def test_a_plot_as_a_specification_says_the_same(
    name: str, goal: str, not_this: list[str], within: list[str], met: list[str]
) -> None:
    intent = {"goal": goal, "non_goals": not_this, "constraints": within, "success_criteria": met}
    document = {"id": "p", "name": name, "status": "ready", "intent": intent, "attachments": []}
    found = plot.read_plot(".plot/p.json", json.dumps(document).encode(), b"")
    assert isinstance(found, plot.Plot)
    spec = read_spec(plot.as_spec(found).encode(), "spec")
    assert spec.title == name
    assert spec.intent == found.intent
