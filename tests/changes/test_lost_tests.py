"""Tests that were taken out on the way are told; those that moved, grew or are new are not."""

import pytest
from support.repository import Repository

from coordinator.changes.git import Git
from coordinator.changes.lost_tests import lost_tests, run_by

_TEST = "".join(f"def test_{n}():\n    assert work({n}) == {n}\n\n" for n in range(10))


def lost(repo: Repository, start: str, command: str = "") -> tuple[str, ...]:
    return lost_tests(Git(repo.root), start, repo.head(), command)


@pytest.mark.parametrize(
    ("command", "runs"),
    [
        ("sh verify.sh", {"sh", "verify.sh"}),
        ("./verify.sh --fast data.txt && python -m app", {"./verify.sh", "python", "app"}),
        ("A=1 timeout 60 bash -e 'my verify.sh' | grep -q right word.txt", {"timeout", "bash", "my verify.sh", "grep"}),
        ("(make check)", {"GNUmakefile", "makefile", "Makefile"}),
        ("cd sub; npm test", {"cd", "package.json"}),
        ("sh 'verify.sh", set()),
        ("", set()),
    ],
)
def test_what_a_command_runs_is_told_from_what_it_reads(command: str, runs: set[str]) -> None:
    assert set(run_by(command)) >= runs - {""}
    assert not set(run_by(command)) & {"data.txt", "word.txt", "right", "--fast", "60"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("true\n", "verify.sh lost 6 of 6 lines"),
        ("exit 0\n" + "test -e a\n" * 6, "verify.sh: exit 0"),
        (None, "is gone"),
    ],
)
def test_a_program_that_the_check_runs_counts_as_a_test_whatever_it_is_called(
    repo: Repository, text: str | None, says: str
) -> None:
    start = repo.commit({"verify.sh": "test -e a\n" * 6, "data.txt": "x\n" * 20})
    repo.commit({"data.txt": "x\n"})
    if text is None:
        repo.git("rm", "-q", "verify.sh")
        repo.git("commit", "-q", "-m", "Take it out")
    else:
        repo.commit({"verify.sh": text})
    assert lost(repo, start) == ()
    (found,) = lost(repo, start, "grep -q x data.txt && sh ./verify.sh")
    assert says in found


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("tests/test_work.py", None, "tests/test_work.py is gone"),
        ("tests/test_work.py", "def test_0():\n    assert True\n", "tests/test_work.py lost 2"),
        ("tests/test_work.py", "import pytest\npytestmark = pytest.mark.skip\n" + _TEST, "pytest.mark.skip"),
        ("tests/test_work.py", "@unittest.skip('later')\n" + _TEST, "@unittest.skip"),
        ("tests/check.sh", "exit 0\ntest -f a\n", "tests/check.sh: exit 0"),
        ("src/work.test.ts", "it.skip('works', () => {})\n", "it.skip("),
        ("src/work_test.go", "func TestWork(t *testing.T) { t.Skip() }\n", "t.Skip("),
        ("src/lib.rs", "#[ignore]\nfn works() {}\n", None),
        ("tests/test_work.py", _TEST + "def test_more():\n    assert work(11) == 11\n", None),
        ("src/work.py", None, None),
        ("tests/new_test.py", "pytest.mark.skip\n", None),
    ],
)
def test_what_became_of_tests(repo: Repository, name: str, text: str | None, says: str | None) -> None:
    files = {"tests/test_work.py": _TEST, "tests/check.sh": "test -f a\n", "src/work.test.ts": "it('works', f)\n"}
    files |= {
        "src/work_test.go": "func TestWork(t *testing.T) {}\n",
        "src/work.py": "x = 1\n",
        "src/lib.rs": "fn x() {}\n",
    }
    start = repo.commit(files)
    if text is None:
        repo.git("rm", "-q", name)
        repo.git("commit", "-q", "-m", "Take it out")
    else:
        repo.commit({name: text})
    found = lost(repo, start)
    assert (found == ()) if says is None else any(says in line for line in found), found


def test_a_link_out_of_the_checkout_is_told_and_one_within_is_not(repo: Repository) -> None:
    start = repo.head()
    (repo.root / "out").symlink_to("/etc/hostname")
    (repo.root / "src/up").symlink_to("../../other")
    (repo.root / "src/within").symlink_to("../README.md")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "Links")
    assert lost(repo, start) == (
        "out leads to /etc/hostname, out of the checkout",
        "src/up leads to ../../other, out of the checkout",
    )


def test_a_test_that_moved_is_not_lost(repo: Repository) -> None:
    start = repo.commit({"tests/test_work.py": _TEST})
    (repo.root / "tests/unit").mkdir()
    repo.git("mv", "tests/test_work.py", "tests/unit/test_work.py")
    repo.git("commit", "-q", "-m", "Move it")
    assert lost(repo, start) == ()
    assert lost(repo, "") == ()


@pytest.mark.parametrize(
    ("name", "to", "lost_by_it"),
    [
        ("tests/test_work.py", "attic.txt", True),
        ("tests/test_work.py", "src/work.py", True),
        ("tests/test_work.py", "tests/work.py", True),
        ("tests/test_work.py", "tests/test_work.txt", True),
        ("src/work.test.js", "src/old.js", True),
        ("src/work.test.js", "src/work.test.ts", False),
        ("tests/test_work.py", "more/test_work.py", False),
    ],
)
def test_a_test_that_moved_to_where_it_does_not_run_is_told(
    repo: Repository, name: str, to: str, lost_by_it: bool
) -> None:
    start = repo.commit({name: _TEST})
    (repo.root / to).parent.mkdir(exist_ok=True)
    repo.git("mv", name, to)
    repo.git("commit", "-q", "-m", "Move it")
    assert lost(repo, start) == ((f"{name} is now {to}, where it may not run",) if lost_by_it else ())


def test_a_test_that_became_a_link_is_told(repo: Repository) -> None:
    start = repo.commit({"tests/test_work.py": _TEST})
    (repo.root / "tests/test_work.py").unlink()
    (repo.root / "tests/test_work.py").symlink_to("../src/app.py")
    repo.git("commit", "-q", "-a", "-m", "Link it")
    assert lost(repo, start) == ("tests/test_work.py is no file any more",)


@pytest.mark.parametrize("attributes", ["* -diff\n", "*.py binary\n", "*.py diff=nothing\n"])
def test_attributes_that_were_committed_hide_nothing(repo: Repository, attributes: str) -> None:
    files = {"tests/test_work.py": _TEST, "tests/test_more.py": _TEST, "tests/test_zero.py": _TEST}
    start = repo.commit(files)
    skipped = "import pytest\npytestmark = pytest.mark.skip\n" + _TEST
    changed = {"tests/test_work.py": "def test_0():\n    pass\n", "tests/test_more.py": skipped}
    repo.commit({".gitattributes": attributes, **changed, "tests/test_zero.py": "\0\n" + skipped})
    assert lost(repo, start) == (
        "tests/test_more.py: pytestmark = pytest.mark.skip",
        "tests/test_work.py lost 29 of 30 lines",
        "tests/test_zero.py: pytestmark = pytest.mark.skip",
    )


def test_a_line_that_looks_like_the_head_of_another_file_hides_nothing(repo: Repository) -> None:
    start = repo.commit({'tests/täst "of" work.py': _TEST})
    repo.commit({'tests/täst "of" work.py': "++ b/src/app.py\n-- a/src/app.py\n@pytest.mark.skip\n" + _TEST})
    assert lost(repo, start) == ('tests/täst "of" work.py: @pytest.mark.skip',)


def test_a_large_change_elsewhere_hides_no_skip_and_one_of_the_test_is_told(repo: Repository) -> None:
    large = "".join(f"{n:063}\n" for n in range((9 << 20) // 64))
    start = repo.commit({"a.txt": "", "tests/test_work.py": _TEST, "tests/test_x.py": _TEST})
    repo.commit({"a.txt": large, "tests/test_work.py": large, "tests/test_x.py": "@unittest.skip\n" + _TEST})
    assert lost(repo, start) == (
        "tests/test_work.py changed more than is looked at",
        "tests/test_x.py: @unittest.skip",
    )


def test_more_files_than_are_looked_at_are_told(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.changes.lost_tests._MOST_FILES", 2)
    start = repo.commit({f"tests/test_{n}.py": _TEST for n in range(3)})
    repo.commit({f"tests/test_{n}.py": _TEST + "x = 1\n" for n in range(3)})
    assert lost(repo, start) == ("3 files of tests changed: more than are looked at",)


def test_where_the_beginning_is_gone_that_is_told(repo: Repository) -> None:
    assert lost(repo, "f" * 40) == ("the commit that it began on is not there any more (ffffffffff)",)
    assert lost(repo, "") == ()
