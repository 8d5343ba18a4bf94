import json

from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.imports.json_text import change, find, index, load
from coordinator.formats.imports.text import patched
from coordinator.model.problem import Problem

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def ways(value: object, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(found for key, one in inner for found in ways(one, (*way, key)))]


def at(value: object, way: tuple[str | int, ...]) -> object:
    for step in way:
        value = value[step]  # type: ignore[index]
    return value


@given(values, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_finds_each_value_where_it_stands(value: object, indent: object, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)  # type: ignore[arg-type]
    for way in ways(value):
        span = find(text, *way)
        assert span is not None
        assert json.loads(text[span.start : span.end]) == at(value, way)


@given(values, st.text(), st.data())
def test_changes_one_value_and_no_other_byte(value: object, new: str, data: st.DataObject) -> None:
    source = json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "replace")
    way = data.draw(st.sampled_from(ways(json.loads(source))))
    if not way:
        return
    patches = change(source, "x.json", new, *way)
    after = patched(source, patches)
    expected = json.loads(source)
    at(expected, way[:-1])[way[-1]] = json.loads(json.dumps(new).encode("utf-8", "replace"))  # type: ignore[index]
    assert json.loads(after) == expected
    for patch in patches:
        assert source[: patch.start] == after[: patch.start]
        assert after.endswith(source[patch.end :])


def test_keeps_a_byte_order_mark_and_takes_the_last_of_two_keys() -> None:
    source = '\ufeff{"a": 1, "é": [2, {"a": "x"}], "a": "done"}'.encode()
    assert patched(source, change(source, "x", "to do", "a")).endswith(b'"a": "to do"}')
    assert patched(source, change(source, "x", "y", "é", 1, "a")).decode() == source.decode().replace('"x"', '"y"')


def test_says_where_something_is_no_json() -> None:
    problem = load(b'{"a": 1,\n "b": }', "tasks.json")
    assert isinstance(problem, Problem)
    assert (problem.path, problem.line, problem.code) == ("tasks.json", 2, "bad-json")


def test_bears_what_is_made_to_break_it() -> None:
    for data in (b"[" * 100_000, b"\xff", b"1" * 10_000, b"", b'{"a"', b'{"a":'):
        assert isinstance(load(data, "x"), Problem)
        assert find(data.decode("latin-1"), "a") is None


keyed = st.recursive(
    st.none() | st.integers() | st.sampled_from(["status", ",", "}"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["status", "a", ""]), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(keyed, st.sampled_from([None, 1]))
def test_finds_all_values_of_a_key_in_one_pass(value: object, indent: object) -> None:
    text = json.dumps(value, indent=indent)  # type: ignore[arg-type]
    single = {
        way for way in ways(value) if way and way[-1] == "status" and not isinstance(at(value, way), (dict, list))
    }
    found = index(text, "status")
    assert set(found) == single
    assert all(json.loads(text[span.start : span.end]) == at(value, way) for way, span in found.items())
