from coordinator.formats.imports.checklist import FORM
from coordinator.formats.imports.text import patched
from coordinator.model.imported import Item, TaskStatus, Tree

SAMPLE = """\
# Größe

Some words with a [link](x).

## Ship it
- [ ] Write **words** ✍
      of more than one line
  - [x] Inner one
    1. [/] Inmost
* [-] Never
```
- [ ] in a fence
```
- [ ] Write **words** ✍
- [] no box
"""


def read(text: str | bytes, path: str = "docs/TODO.md") -> tuple[Item, ...]:
    return FORM.read(Tree({path: text.encode() if isinstance(text, str) else text})).items


def test_reads_boxes_with_what_stands_below_them() -> None:
    items = read(SAMPLE)
    assert [(one.key, one.status, one.parent, one.line) for one in items] == [
        ("docs/TODO.md#write-words", TaskStatus.TODO, "", 6),
        ("docs/TODO.md#inner-one", TaskStatus.DONE, "docs/TODO.md#write-words", 8),
        ("docs/TODO.md#inmost", TaskStatus.IN_PROGRESS, "docs/TODO.md#inner-one", 9),
        ("docs/TODO.md#never", TaskStatus.CANCELLED, "", 10),
        ("docs/TODO.md#write-words-2", TaskStatus.TODO, "", 14),
    ]
    assert items[0].body == "of more than one line"
    assert items[0].labels == ("Ship it",)


def test_reads_what_people_write_in_place_of_a_box_to_tick() -> None:
    text = (
        "- [P] tasks may be done side by side\n"
        "[x] without a dash\n  [ ] below it\n[x](link) and [y] words\n"
        "- [ ]（全角）words at once\n- [ ]glued\n"
        "- [ ] ~~struck out~~ ⚠️\n- [ ] ~~one~~ another\n- [x] ~~done~~\n"
    )
    assert [(one.title, one.status, one.parent) for one in read(text, "a.md")] == [
        ("without a dash", TaskStatus.DONE, ""),
        ("below it", TaskStatus.TODO, "a.md#without-a-dash"),
        ("（全角）words at once", TaskStatus.TODO, ""),
        ("~~struck out~~ ⚠️", TaskStatus.CANCELLED, ""),
        ("~~one~~ another", TaskStatus.TODO, ""),
        ("~~done~~", TaskStatus.DONE, ""),
    ]


def test_ticks_one_box_and_changes_no_other_byte() -> None:
    source = SAMPLE.replace("\n", "\r\n").encode()
    tree = Tree({"docs/TODO.md": source})
    item = read(source)[-1]
    patches = FORM.write_back(tree, item, TaskStatus.DONE)
    assert isinstance(patches, tuple)
    after = patched(source, patches)
    assert sum(a != b for a, b in zip(source, after, strict=True)) == 1
    assert read(after)[-1].status is TaskStatus.DONE
    assert FORM.write_back(tree, read(source)[1], TaskStatus.DONE) == ()
    assert FORM.write_back(tree, item, TaskStatus.BLOCKED) == ()


def test_text_without_boxes_is_no_checklist() -> None:
    assert FORM.detect(Tree({"README.md": b"# Words\n- [link](x)\n"})) is None
    found = FORM.detect(Tree({"README.md": SAMPLE.encode()}))
    assert found is not None
    assert (found.confidence, found.evidence) == (0.3, "5 items to tick in 1 file")


def test_a_file_that_is_no_text_is_a_problem() -> None:
    items = FORM.read(Tree({"a.md": b"- [ ] \xff", "b.md": b"- [ ] fine"}))
    assert [one.title for one in items.items] == ["fine"]
    assert [(one.path, one.code) for one in items.problems] == [("a.md", "not-utf8")]
