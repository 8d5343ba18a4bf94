"""Where a value stands is told the same with libyaml and without."""

import pytest
from formats.test_flat_yaml import TEXTS
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.formats import flat_nodes
from coordinator.formats.flat_nodes import find_node
from coordinator.formats.flat_yaml import read_flat
from coordinator.formats.yaml_reader import YamlError
from coordinator.formats.yaml_repair import read_mended

FLAT = st.lists(
    st.sampled_from(
        [
            *(
                "number: 7",
                "title: A title  ",
                "status: 'it''s' # why",
                'agent: "a \\" b"',
                "empty:",
                "# a comment",
                "",
            ),
            *("dependencies: [1, 2]", "patches: [ 'a' ,  \"b\", c d ]  # these", "none: []", "files:\n  - a\n  - 'b'"),
        ]
    ),
    unique=True,
).map("\n".join)


@settings(max_examples=400)
@given(st.one_of(FLAT, TEXTS), st.sampled_from(["\n", "\r\n"]))
def test_a_value_is_found_where_libyaml_finds_it(text: str, end: str) -> None:
    text = text.replace("\r\n", "\n").replace("\n", end)
    if read_flat(text) is None:
        return
    nodes = read_mended(text)
    assert [find_node(text, node.key) for node in nodes] == nodes
    assert find_node(text, "another") is None


@pytest.mark.parametrize("line", ["a: b", "a: 'b'  # c", 'a: "b"', "a: []", "a: [1, 'b', \"c\"]"])
def test_what_stands_on_one_line_takes_no_libyaml(line: str) -> None:
    assert flat_nodes._on_one_line(f"x: 1\n{line}\ny: 2\n", "a") == find_node(f"x: 1\n{line}\ny: 2\n", "a") is not None


def test_what_is_not_flat_is_told_by_libyaml() -> None:
    node = find_node("a:\n  b: c\nd: [x, {y: z}]\n", "d")
    assert node is not None
    assert node.flow
    with pytest.raises(YamlError):
        find_node("a: &x b\n", "a")
