"""Frontmatter is split from the body and read; each thing that can be wrong with it is one clear problem."""

import time

import pytest
import yaml

from coordinator.formats.frontmatter import LIMIT, Frontmatter, parse
from coordinator.model.problem import Problem


def read(data: bytes) -> Frontmatter:
    found = parse(data, "p.md")
    assert isinstance(found, Frontmatter), found
    return found


@pytest.mark.parametrize(
    ("data", "values", "body"),
    [
        (b"---\na: 1\n---\nbody\n", {"a": "1"}, b"body\n"),
        (b"---\r\na: 1\r\n---\r\nbody\r\n", {"a": "1"}, b"body\r\n"),
        (b"\xef\xbb\xbf---\na: 1\n---\nbody", {"a": "1"}, b"body"),
        (b"---  \na: 1\n--- \t\nbody", {"a": "1"}, b"body"),
        (b"---\n---\n", {}, b""),
        (b"---\n# nothing\n---", {}, b""),
        (b"---\na: 1\n---\n\n---\nb: 2\n---\n", {"a": "1"}, b"\n---\nb: 2\n---\n"),
        (b'---\na: "x\n  ---\n  y"\nb: 2\n---\nbody', {"a": "x --- y", "b": "2"}, b"body"),
        (b'---\na: "--- not the end"\n---\nbody', {"a": "--- not the end"}, b"body"),
        (b"---\na: 1\n----\n---\nbody", None, b""),
        ("---\na: Grüße\n---\nKörper".encode(), {"a": "Grüße"}, "Körper".encode()),
        (b"---\na:\n  - 1\n  -  2\nb: [x,\n  y]\n---\n", {"a": ("1", "2"), "b": ("x", "y")}, b""),
        (b"---\na: {b: c}\nd:\n  e: [f]\n---\n", {"a": "{b: c}", "d": "e: [f]"}, b""),
    ],
)
def test_values_and_body_are_told_apart(data: bytes, values: dict[str, object] | None, body: bytes) -> None:
    if values is None:
        assert isinstance(parse(data, "p.md"), Problem)
        return
    found = read(data)
    assert found.values == values
    assert data[found.body :] == body


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "empty", 0),
        (b" \n\n", "empty", 0),
        (b"# Title\n", "no-frontmatter", 1),
        (b"\n---\na: 1\n---\n", "no-frontmatter", 1),
        (b"----\na: 1\n---\n", "no-frontmatter", 1),
        (b"---\na: 1\n", "unclosed-frontmatter", 1),
        (b"---", "unclosed-frontmatter", 1),
        (b"---\na: 1\n ---\n", "unclosed-frontmatter", 1),
        (b"---\na: 1\nb: \xff\n---\n", "not-utf8", 3),
        (b"---\na: 1\n---\n\xe9t\xe9\n", "not-utf8", 4),
        (b"---\na: 1\nb: [1\n---\n", "bad-yaml", 3),
        (b"---\ntitle: Fix: the thing\n---\n", "bad-yaml", 2),
        (b"---\nx: 1\nagent: @name\n---\n", "bad-yaml", 3),
        (b"---\ntitle: [X] done\n---\n", "bad-yaml", 2),
        (b"---\na: 1\na: 2\n---\n", "duplicate-key", 3),
        (b"---\na: &x 1\nb: *x\n---\n", "yaml-alias", 2),
        (b"---\nb: *x\n---\n", "yaml-alias", 2),
        (b"---\na: !!python/object:os.system 1\n---\n", "yaml-tag", 2),
        (b"---\na: 1\nb: \x00\n---\n", "bad-yaml", 3),
        (b"---\n- a\n---\n", "bad-yaml", 2),
        (b"---\njust text\n---\n", "bad-yaml", 2),
        (b"---\na: 1\n...\nb: 2\n---\n", "bad-yaml", 4),
        (b"---\na: " + b"[" * 5000 + b"\n---\n", "too-deep", 2),
        (b"---\na: " + b"[" * 5000 + b"]" * 5000 + b"\n---\n", "too-deep", 2),
        (b"---\n" + b"? " * 5000 + b"\n---\n", "bad-yaml", 2),
        (b"---\na: " + b"x" * LIMIT + b"\n---\n", "long-frontmatter", 1),
        (b"---\na: 1\n" + b"# text\n" * 20000, "long-frontmatter", 1),
    ],
)
def test_each_defect_is_one_problem_with_its_line(data: bytes, code: str, line: int) -> None:
    found = parse(data, "p.md")
    assert isinstance(found, Problem)
    assert (found.path, found.code, found.line) == ("p.md", code, line)
    assert found.message
    assert found.remedy
    assert "\n" not in found.message + found.remedy


def test_an_unquoted_colon_names_the_key_to_quote() -> None:
    found = parse(b"---\nnumber: 1\ntitle: Fix: the thing\n---\n", "p.md")
    assert isinstance(found, Problem)
    assert found.remedy == "put the value of `title` in quotes"


def test_keys_know_their_lines_in_the_file() -> None:
    fast, full = b"---\n# c\na: 1\n\nb: 2\n---\n", b"---\n# c\na: 1\n\nb: {}\n---\n"
    assert read(fast).lines == read(full).lines == {"a": 3, "b": 5}


@pytest.mark.parametrize("filler", [b"a: &a [x,x]\n", b"[", b"? ", b"- ", b"- a\n", b"{a: ", b'"', b"a:\n"])
def test_no_frontmatter_within_the_limit_takes_long(filler: bytes) -> None:
    """Quadratic or exponential reading would show: half a second is many times what is needed."""
    data = b"---\nkey:\n" + filler * ((LIMIT - 100) // len(filler)) + b"\n---\n"
    start = time.process_time()
    parse(data, "p.md")
    assert time.process_time() - start < 0.5


def test_without_libyaml_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        b"---\na:\n  - 1\n  -  2\nb: [x,\n  y]\n---\n",
        b"---\na: {b: c}\nd:\n  e: [f]\n---\n",
        b"---\na: |\n  x\nb: 'y\n\n  z'\n---\n",
        b"---\ntitle: Fix: the thing\n---\n",
        b"---\na: 1\na: 2\n---\n",
        b"---\na: &x 1\n---\n",
        b"---\na: " + b"[" * 5000 + b"\n---\n",
        b"---\na: 1\nb: \x00\n---\n",
    ]
    assert yaml.__with_libyaml__
    with_it = [parse(text, "p.md") for text in texts]
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    for fast, slow in zip(with_it, (parse(text, "p.md") for text in texts), strict=True):
        if isinstance(fast, Problem) and isinstance(slow, Problem):
            assert (fast.code, fast.line) == (slow.code, slow.line)
        else:
            assert fast == slow
