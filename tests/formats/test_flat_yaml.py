"""The fast reader accepts nothing that libyaml reads otherwise."""

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coordinator.formats.flat_yaml import Nested, read_flat
from coordinator.formats.yaml_reader import YamlError, read_yaml

KEYS = st.sampled_from(["number", "title", "a", "B_2", "x-y", "status", "yes", "null", "é", "1", "- a", "? k"])
WORDS = st.text(alphabet="ab1 -:#'\"[]{},&*!|>%@`?\\~=<.é日\xa0\x85\u2028\ufeff\t\r\x07😀", max_size=12)
USUAL = st.sampled_from(
    ["7", "007", "Refresh tokens", "user-patch", "[1, 2]", "[]", "[ a , 'b' ]", '"x: y"', "'it''s'", "a  # c", "", "|"]
)
VALUES = st.one_of(USUAL, WORDS)
LINES = st.one_of(
    st.builds("{}:{}{}".format, KEYS, st.sampled_from([" ", "", "  "]), VALUES),
    st.builds("{}- {}".format, st.sampled_from(["", "  ", "    "]), VALUES),
    st.builds("{}# {}".format, st.sampled_from(["", " "]), WORDS),
    WORDS,
    st.sampled_from(["", "  ", "---", "...", "%YAML 1.1", "  continued"]),
)
TEXTS = st.builds(
    lambda lines, end, last: end.join(lines) + (end if last else ""),
    st.lists(LINES, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)


def libyaml(text: str) -> dict[str, object]:
    """What libyaml makes of it, lists as tuples."""
    loaded = yaml.load(text, Loader=yaml.CBaseLoader) or {}
    assert isinstance(loaded, dict)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in loaded.items()}


@pytest.mark.slow
@settings(max_examples=1500)
@given(TEXTS)
@example("a: b #c\n")
@example("a: 'x' #c\nb: [1,]\n")
@example("a:\n- 1\n\n# c\n- 2\nb: 1\n")
@example("a: x\n- 1\n")
@example("a: b\n  c\n")
def test_what_the_fast_reader_accepts_libyaml_reads_the_same_way(text: str) -> None:
    entries = read_flat(text)
    if entries is not None:
        assert {entry.key: entry.value for entry in entries} == libyaml(text)


@settings(max_examples=600)
@given(TEXTS)
def test_the_full_reader_agrees_with_libyaml_too(text: str) -> None:
    try:
        nodes = read_yaml(text)
    except YamlError:
        return
    expected = libyaml(text)
    for node in nodes:
        if not isinstance(node.value, Nested):
            assert node.value == expected[node.key]
    assert [node.key for node in nodes] == list(expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: Refresh tokens before expiry", "Refresh tokens before expiry"),
        ("a: pending        # pending | done", "pending"),
        ("a: issue#12 at 10:30", "issue#12 at 10:30"),
        ('a: "with: colon"  # c', "with: colon"),
        (r'a: "back\\slash and \"quotes\""', 'back\\slash and "quotes"'),
        ("a: 'it''s'", "it's"),
        ("a:", ""),
        ("a: [1, two, '3', \"4\"]", ("1", "two", "3", "4")),
        ("a: []", ()),
        ("a:\n  - 1\n  - 'two'   # c\n", ("1", "two")),
        ("a: 日本語", "日本語"),
        ("a: 012", "012"),
        ("a: no", "no"),
        ("a: 12:30:00", "12:30:00"),
    ],
)
def test_usual_frontmatter_never_needs_libyaml(text: str, value: object) -> None:
    entries = read_flat(text)
    assert entries is not None
    assert [(entry.key, entry.value) for entry in entries] == [("a", value)]


@pytest.mark.parametrize(
    "text",
    [
        *("a: b: c", "a: @x", "a: &x 1", "a: *x", "a: !!str 1", "a: 1\na: 2", "a: |\n  x", "a: {b: c}", "a:\n  b: c"),
        *(
            "a: [X] y",
            "a: 'x",
            "a: x\n  y",
            "a: [[1]]",
            "- a",
            "a: \x07",
            "a: x\ty",
            "a:\n - 1\n  - 2",
            "a:\n  - 1\n  b",
        ),
    ],
)
def test_whatever_is_not_plainly_flat_is_declined(text: str) -> None:
    assert read_flat(text) is None


def test_lines_are_counted_from_where_the_text_starts_in_its_file() -> None:
    entries = read_flat("# c\n\na: 1\nb:\n  - 1\n  - 2\nc: 3\n", first_line=2)
    assert entries is not None
    assert [(entry.key, entry.line) for entry in entries] == [("a", 4), ("b", 5), ("c", 8)]
