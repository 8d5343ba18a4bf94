"""Which settings of git run what lies in a checkout, which is whatever an agent committed."""

from pathlib import Path

import pytest

from coordinator.changes.programs import Setting, of_the_checkout


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/fmt.sh").touch()
    (tmp_path / "fmt.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("tools/fmt.sh %f", True),
        ("./fmt", True),
        ("sh tools/fmt.sh", True),
        ("python3 fmt.py --clean", True),
        ("LANG=C sh 'tools/fmt.sh'", True),
        ("npx npm-merge-driver merge %A %O %B %P", True),
        ("/opt/venv/bin/python -m nbstripout", True),
        ("/opt/venv/bin/python3.12 -P -m nbstripout", False),
        ("python3 -I -m nbstripout", False),
        ("git-lfs clean -- %f", False),
        ("/usr/local/bin/fmt.sh --with tools", False),
        ("~/bin/fmt %f", False),
        ("sed -e s/a/b/", False),
        ("fmt.py", False),
        ("", False),
    ],
)
def test_a_program_that_lies_in_a_checkout_is_told_from_one_that_does_not(top: Path, command: str, found: bool) -> None:
    for key in ("filter.x.clean", "filter.x.process", "merge.x.driver"):
        assert bool(of_the_checkout([Setting(key, command, True)], top)) == found
    assert of_the_checkout([Setting("core.sshcommand", command, True)], top) == ()
