"""A patch changes the bytes of one value and no others."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from coordinator.errors import CoordError
from coordinator.formats.frontmatter import Frontmatter, parse, patch
from coordinator.formats.yaml_patch import NewValue, as_read

FILE = b"""\
---
# who wrote this
number:   7
title: "Refresh tokens"   # short
status: pending
dependencies: [2,3]  # in this order
skills:
  - python # mostly
  - 'sql'
empty:
note: |
  two
  lines
---
## Tasks
--- not frontmatter ---
"""

TYPED_ELSEWHERE = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"}
PLAIN = st.text(alphabet="abnoy_", min_size=1, max_size=8).filter(lambda text: text not in TYPED_ELSEWHERE)
NUMBERS = st.integers(min_value=0, max_value=999)
ANY_TEXT = st.text(max_size=20)
BODIES = st.sampled_from(["", "body", "## Tasks\n---\nx: y\n", "日本\n"])
ENDINGS = st.sampled_from(["\n", "\r\n"])
KEYS = ("number", "title", "status", "dependencies", "note")


@st.composite
def written(draw: st.DrawFn, value: str | tuple[str, ...]) -> str:
    """One of the many ways to write a value behind its colon; {nl} stands for a line break."""
    comment = draw(st.sampled_from(["", "  # why", " #x"]))
    if isinstance(value, str):
        quote = draw(st.sampled_from(["", "'", '"']))
        return f" {quote}{value}{quote}{comment}"
    items = [draw(st.sampled_from(["{}", "'{}'", '"{}"'])).format(item) for item in value]
    if not items or draw(st.booleans()):
        inner = draw(st.sampled_from([",", ", ", " , "])).join(items)
        return f" [{draw(st.sampled_from(['', ' ']))}{inner}]{comment}"
    indent = draw(st.sampled_from(["", "  ", "    "]))
    gaps = [draw(st.sampled_from(["", "  # c{nl}", "{nl}"])) for _ in items]
    return "{nl}" + "{nl}".join(f"{gap}{indent}- {item}{comment}" for item, gap in zip(items, gaps, strict=True))


VALUES = st.one_of(PLAIN, st.lists(PLAIN, max_size=4).map(tuple))


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, dict[str, str | tuple[str, ...]]]:
    """A file and the values that stand in it."""
    newline, values = draw(ENDINGS), {}
    lines = []
    for key in draw(st.permutations(KEYS)):
        values[key] = draw(VALUES)
        if draw(st.integers(0, 4)) == 0:
            lines.append("# a remark")
        lines.append(f"{key}:{draw(written(values[key]))}".replace("{nl}", newline))
    start = draw(st.sampled_from(["", "\ufeff"])) + "---" + newline
    text = start + newline.join(lines) + f"{newline}---{newline}" + draw(BODIES).replace("\n", newline)
    return text.encode(), values


NEW = st.one_of(PLAIN, NUMBERS, st.booleans(), st.none(), ANY_TEXT, st.lists(st.one_of(PLAIN, NUMBERS, ANY_TEXT)))


def values_of(data: bytes) -> dict[str, object]:
    found = parse(data, "p.md")
    assert isinstance(found, Frontmatter), found
    return dict(found.values)


@settings(max_examples=400, deadline=None)
@given(files(), st.sampled_from((*KEYS, "absent")), NEW)
def test_a_patch_gives_the_new_value_and_leaves_all_others(
    file: tuple[bytes, dict[str, str | tuple[str, ...]]], key: str, new: NewValue
) -> None:
    data, values = file
    assert values_of(data) == values
    patched = patch(data, {key: new})
    assert values_of(patched) == {**values, key: as_read(new)}


@settings(max_examples=400, deadline=None)
@given(files(), st.sampled_from((*KEYS, "absent")), NEW)
def test_only_the_lines_of_the_changed_key_change(
    file: tuple[bytes, dict[str, str | tuple[str, ...]]], key: str, new: NewValue
) -> None:
    data, _ = file
    patched = patch(data, {key: new})
    assert without(data, key) == without(patched, key)


def without(data: bytes, key: str) -> list[bytes]:
    """The lines of a file except those that hold the value of `key`."""
    lines = data.split(b"\n")
    closing = next(n for n in range(1, len(lines)) if lines[n].startswith(b"---"))
    found = parse(data, "p.md")
    assert isinstance(found, Frontmatter)
    if key not in found.lines:
        return lines
    start = found.lines[key] - 1
    end = min((line - 1 for line in found.lines.values() if line - 1 > start), default=closing)
    while end - 1 > start and lines[end - 1].startswith(b"#"):
        end -= 1
    return lines[:start] + lines[end:]


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(files(), st.sampled_from(KEYS), PLAIN)
def test_patching_a_text_back_restores_every_byte(
    file: tuple[bytes, dict[str, str | tuple[str, ...]]], key: str, new: str
) -> None:
    data, values = file
    old = values[key]
    assume(isinstance(old, str))
    assert isinstance(old, str)
    assert patch(patch(data, {key: new}), {key: old}) == data


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(files(), st.sampled_from(KEYS), st.lists(PLAIN, min_size=1, max_size=3))
def test_taking_appended_items_off_again_restores_every_byte(
    file: tuple[bytes, dict[str, str | tuple[str, ...]]], key: str, more: list[str]
) -> None:
    data, values = file
    old = values[key]
    assume(isinstance(old, tuple) and old)
    assert isinstance(old, tuple)
    assert patch(patch(data, {key: [*old, *more]}), {key: list(old)}) == data


def test_a_patch_that_changes_nothing_changes_no_byte() -> None:
    data = FILE.replace(b"[2,3]", b"[ 2 ,3, ]")
    assert (
        patch(data, {"number": 7, "title": "Refresh tokens", "dependencies": [2, 3], "skills": ["python", "sql"]})
        == data
    )


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("number", 8, b"number:   7\n", b"number:   8\n"),
        ("title", 'Say "no"', b'"Refresh tokens"   # short', b'"Say \\"no\\""   # short'),
        ("status", "in_progress", b"status: pending\n", b"status: in_progress\n"),
        ("status", "no", b"status: pending\n", b"status: 'no'\n"),
        ("status", "012", b"status: pending\n", b"status: '012'\n"),
        ("dependencies", [2, 3, 7], b"[2,3]  #", b"[2,3, 7]  #"),
        ("dependencies", [3], b"[2,3]  #", b"[3]  #"),
        ("dependencies", [], b"[2,3]  #", b"[]  #"),
        ("skills", ["python", "sql", "git"], b"  - 'sql'\n", b"  - 'sql'\n  - 'git'\n"),
        ("skills", ["sql"], b"  - python # mostly\n", b""),
        ("skills", [], b"skills:\n  - python # mostly\n  - 'sql'\n", b"skills: []\n"),
        ("empty", "x", b"empty:\n", b"empty: x\n"),
        ("empty", [1], b"empty:\n", b"empty: [1]\n"),
        ("note", "one: line", b"note: |\n  two\n  lines\n", b"note: 'one: line'\n"),
        ("commits", ["1e5", "abc"], b"  lines\n---\n", b"  lines\ncommits: ['1e5', abc]\n---\n"),
    ],
)
def test_the_change_is_as_small_as_it_can_be(key: str, value: NewValue, old: bytes, new: bytes) -> None:
    assert FILE.count(old) == 1
    assert patch(FILE, {key: value}) == FILE.replace(old, new)


def test_a_new_key_comes_last_with_the_line_end_of_the_file() -> None:
    assert patch(b"---\r\na: 1\r\n---\r\nx", {"b": 2}) == b"---\r\na: 1\r\nb: 2\r\n---\r\nx"


@pytest.mark.parametrize(
    "data", [b"", b"no frontmatter", b"---\na: 1\n", b"---\na: 1\na: 2\n---\n", b"---\n{a: 1}\n---\n"]
)
def test_what_can_not_be_patched_safely_is_refused(data: bytes) -> None:
    with pytest.raises(CoordError):
        patch(data, {"b": 2})
