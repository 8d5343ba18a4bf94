"""YAML of any shape: every text with its place; what could be a trap refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.yaml_reader import YamlError
from coordinator.formats.yaml_tree import DEPTH, Text, read_tree

words = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="\ufeff\ufffe\uffff"), min_size=1)
values = st.recursive(words, lambda inner: st.lists(inner) | st.dictionaries(words, inner), max_leaves=12)


def texts(value: object) -> list[Text]:
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value] if isinstance(value, Text) else [found for one in inner for found in texts(one)]


@given(st.dictionaries(words, values), st.sampled_from([None, 2]))
def test_texts_stand_where_they_say(document: dict[str, object], indent: int | None) -> None:
    written = json.dumps(document, ensure_ascii=False, indent=indent)
    found = read_tree(written, 7)
    assert found == document
    for one in texts(found):
        assert json.loads(written[one.start : one.end]) == one
        assert one.line == 7 + written.count("\n", 0, one.start)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: &x b\nc: *x\n", "yaml-alias"),
        ("a: !!python/object:os.system x\n", "yaml-tag"),
        ("a: 1\na: 2\n", "duplicate-key"),
        ("- a\n", "bad-yaml"),
        ("[a]: b\n", "bad-yaml"),
        ("a: b\n---\nc: d\n", "bad-yaml"),
        ("a: " + "[" * DEPTH, "too-deep"),
        ("a: [" + "x," * 100_001, "too-much"),
        ("a: \x00\n", "bad-yaml"),
    ],
)
def test_traps_are_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(YamlError) as error:
        read_tree(text)
    assert error.value.code == code


def test_scalars_are_texts_whatever_yaml_takes_them_for() -> None:
    assert read_tree("a: 012\nb: no\nc: 12:30:00\nd:\n") == {"a": "012", "b": "no", "c": "12:30:00", "d": ""}
    assert read_tree("") == {}
