"""What agents hand in: taken as it is, or refused by name; and the schema tells the same."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from coordinator.errors import UsageError
from coordinator.formats.handed_in import LIMIT, checked, read, schema
from coordinator.model.agent_verbs import LONG, MOST, VERBS, Key

TEXT = st.text(min_size=1, max_size=20)
NUMBER = st.integers(1, 999_999_999)
NAMES = st.lists(NUMBER | st.sampled_from(["limits", "the rest"]), max_size=3)


def values_of(keys: tuple[Key, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """What a verb takes, with any of what may be left out."""
    kinds = {
        "text": TEXT,
        "flag": st.booleans(),
        "texts": st.lists(TEXT, max_size=3),
        "number": NUMBER,
        "numbers": st.lists(NUMBER, max_size=3),
        "names": NAMES,
        "values": st.dictionaries(TEXT, TEXT | NUMBER | NAMES, min_size=1, max_size=3),
        "records": st.dictionaries(
            TEXT,
            st.dictionaries(TEXT, TEXT | st.booleans() | st.integers(-9, 9) | st.lists(TEXT, max_size=2), max_size=3),
            max_size=3,
        ),
    }
    made = {
        key.name: st.lists(values_of(key.of), max_size=3)
        if key.kind == "items"
        else st.sampled_from(key.choices)
        if key.kind == "choice"
        else kinds[key.kind]
        for key in keys
    }
    required = {key.name for key in keys if key.required}
    return st.fixed_dictionaries(
        {name: made[name] for name in required}, optional={n: v for n, v in made.items() if n not in required}
    )


@given(data=st.data(), verb=st.sampled_from(sorted(VERBS)))
def test_what_a_verb_takes_comes_back_as_it_was_and_fits_its_schema(data: st.DataObject, verb: str) -> None:
    values = data.draw(values_of(VERBS[verb].keys))
    assert checked(verb, values) == read(verb, json.dumps(values)) == values
    Draft202012Validator(schema(VERBS[verb])).validate(values)


@given(data=st.data(), verb=st.sampled_from(sorted(VERBS)), name=TEXT)
def test_an_unknown_key_is_refused_by_name(data: st.DataObject, verb: str, name: str) -> None:
    known = {key.name for key in VERBS[verb].keys}
    values = data.draw(values_of(VERBS[verb].keys)) | {f"{name}_": 1}
    if f"{name}_" not in known:
        with pytest.raises(UsageError, match=f"{verb}: there is no `"):
            checked(verb, values)
        assert not Draft202012Validator(schema(VERBS[verb])).is_valid(values)


def refusal(verb: str, values: object) -> UsageError | None:
    try:
        checked(verb, values)
    except UsageError as error:
        return error
    return None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(verb=st.sampled_from(sorted(VERBS)), given_=JSON)
def test_anything_else_is_an_error_with_a_remedy(verb: str, given_: object) -> None:
    error = refusal(verb, given_)
    assert error is None or (error.message.startswith(verb) and error.remedy)


@given(verb=st.sampled_from(sorted(VERBS)), data=st.data())
def test_what_the_check_takes_the_schema_takes_but_for_what_stands_for_an_item(verb: str, data: st.DataObject) -> None:
    keys = [key for key in VERBS[verb].keys if key.kind != "items"]
    given_ = data.draw(st.fixed_dictionaries({}, optional={key.name: JSON for key in keys}))
    told = {name: value for name, value in given_.items() if value is not None}
    fits = Draft202012Validator(schema(VERBS[verb])).is_valid(told)
    error = refusal(verb, told)
    assert fits if error is None else not fits or "is missing" in error.message  # empty is missing


@pytest.mark.parametrize(
    ("verb", "values", "message", "remedy"),
    [
        ("done", {"sumary": "x"}, "done: there is no `sumary`", "did you mean `summary`?"),
        ("done", {}, "done: `summary` is missing", "What was done, in a paragraph."),
        (
            "done",
            {"summary": "x", "validation": [{"comand": "x"}]},
            "validation: there is no `comand`",
            "command",
        ),
        ("done", {"summary": "x", "files": "a"}, 'done: files is "a"', "give a list of texts"),
        ("done", {"summary": "x", "no_change": "yes"}, 'done: no_change is "yes"', "give true or false"),
        ("done", {"summary": "x" * (LONG + 1)}, "done: summary has 65,537 characters", "put it into a file"),
        ("ask", {"text": "x", "options": ["y"] * (MOST + 1)}, "ask: options has 501 items", "500 are the most"),
        ("blocked", ["x"], "blocked: what was handed in is no JSON object", 'such as {"reason": "…"}'),
    ],
)
def test_what_is_wrong_is_named(verb: str, values: object, message: str, remedy: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked(verb, values)
    assert message in caught.value.message
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "message"), [("{", "is no JSON"), ("[" * 100_000, "is no JSON"), ("x" * (LIMIT + 1), "too much")]
)
def test_what_is_no_json_or_too_much_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read("decide", text)


def test_a_text_alone_stands_for_the_note_of_a_check() -> None:
    assert checked("done", {"summary": "x", "validation": ["it works"]})["validation"] == [{"note": "it works"}]


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"cancel": [0]}, "plan: cancel holds 0"),
        ({"cancel": ["1"]}, 'plan: cancel holds "1"'),
        ({"edits": [{"number": True, "set": {"title": "x"}}]}, "plan: edits: number is true"),
        ({"edits": [{"number": 1, "set": {}}]}, "plan: edits: `set` is missing"),
        ({"edits": [{"number": 1, "set": {"title": {"a": 1}}}]}, "plan: edits: set.title is"),
        ({"edits": [{"number": 1, "set": {f"k{n}": "v" for n in range(51)}}]}, "plan: edits: set has 51 keys"),
        ({"prompts": [{"title": "t", "body": "b", "dependencies": [1.5]}]}, "plan: prompts: dependencies is 1.5"),
        ({"feedback": [{"number": 1, "status": "waived"}]}, "plan: feedback: status is"),
        ({"reason": "x" * LONG, "prompts": [{"title": "t", "body": "y" * LONG}] * 20}, "plan: 1,3"),
    ],
)
def test_what_a_plan_can_not_hold_is_refused_with_its_place(given: dict[str, Any], where: str) -> None:
    error = refusal("plan", {"decision": "CONTINUE", "reason": "on we go", **given})
    assert error is not None
    assert error.message.startswith(where)


EXAMPLE = re.compile(r"coord agent (\w+) --json - <<'(\w+)'\n(.*?)\n +\2$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", ["PLANNER", "SPECIALIST", "VERIFIER"])
def test_what_flows_show_as_an_example_is_taken(name: str) -> None:
    examples = EXAMPLE.findall((Path(__file__).parents[2] / "flows" / f"{name}.md").read_text())
    assert examples
    for verb, _, text in examples:
        assert read(verb, text)


def test_a_dependency_is_a_number_however_it_is_written_and_else_a_key() -> None:
    prompt = {"title": "t", "body": "b", "dependencies": ["7", 8, " limits ", "007", "0"]}
    taken = checked("plan", {"decision": "CONTINUE", "reason": "r", "prompts": [prompt]})
    assert taken["prompts"][0]["dependencies"] == [7, 8, "limits", 7, "0"]


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ([], "stage: phases is [] give an object of objects"),
        ({"2.3": "completed"}, 'stage: phases.2.3 is "completed" give an object'),
        ({"2.3": {"deep": {"er": 1}}}, 'stage: phases.2.3.deep is {"er": 1} give a text'),
        ({"2.3": {"issues": [{"a": 1}]}}, 'stage: phases.2.3.issues is {"a": 1} give a text'),
        ({str(n): {} for n in range(51)}, "stage: phases has 51 keys 50 are the most"),
        ({"2.3": {str(n): n for n in range(51)}}, "stage: phases.2.3 is "),
        ({"2.3": {"coverage": 1e300}}, "stage: phases.2.3.coverage is 1e+300 give a text"),
    ],
)
def test_records_that_are_none_are_refused_with_their_place(phases: Any, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        checked("stage", {"stageName": "IMPLEMENT", "status": "completed", "summary": "s", "phases": phases})
    assert f"{refused.value.message} {refused.value.remedy}".startswith(words)
