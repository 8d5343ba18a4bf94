"""Merge commits are signed where the engineer signs, by the engineer's program, which never holds the loop up."""

from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes import build
from coordinator.changes.gate import MergeRequest, merge_attempt, rehearse_merge
from coordinator.changes.outcome import Merged, Passes, Waiting
from coordinator.changes.worktrees import create
from coordinator.model.work import prompt_work

SIGNER = """\
#!/bin/sh
echo used >>'{used}'
{before}
cat >/dev/null
printf '\\n[GNUPG:] SIG_CREATED D 1 8 00 1 FFFF\\n' >&2
printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nAAAA\\n-----END PGP SIGNATURE-----\\n'
"""


def signer(repo: Repository, folder: Path, settings: Path, before: str = "") -> Path:
    """Have the engineer sign by a program of ours; the file that tells whether it ran."""
    program, used = folder / "sign", folder / "used"
    program.write_text(SIGNER.format(used=used, before=before))
    program.chmod(0o755)
    for key, value in (("commit.gpgSign", "true"), ("gpg.program", str(program)), ("user.signingKey", "me")):
        repo.git("config", "--file", str(settings), key, value)
    return used


def request(repo: Repository) -> MergeRequest:
    tree = create(repo.layout, prompt_work(1), 1, "main")
    repo.git("-c", "commit.gpgSign=false", "commit", "--quiet", "--allow-empty", "-m", "x", cwd=tree.path)
    return MergeRequest(prompt_work(1), 1, base="main", start=tree.base)


def test_a_merge_is_signed_as_the_engineer_set_it(repo: Repository, tmp_path: Path, own_git_settings: Path) -> None:
    wanted = request(repo)
    used = signer(repo, tmp_path, own_git_settings)
    assert isinstance(rehearse_merge(repo.layout, wanted), Passes)
    assert not used.exists()
    assert isinstance(merge_attempt(repo.layout, wanted), Merged)
    assert "gpgsig -----BEGIN PGP SIGNATURE-----" in repo.git("cat-file", "commit", "main")


@pytest.mark.parametrize("before", ["exit 2", "exec sleep 1000"], ids=["fails", "waits for a passphrase"])
def test_a_merge_that_can_not_be_signed_waits_and_says_how_to_go_on(
    repo: Repository, tmp_path: Path, own_git_settings: Path, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "SIGNING", 1.0)
    wanted = request(repo)
    signer(repo, tmp_path, own_git_settings, before)
    tip = repo.head()
    waiting = merge_attempt(repo.layout, wanted)
    assert isinstance(waiting, Waiting)
    assert ("can't be signed" in waiting.reason, "commit.gpgSign false" in waiting.reason) == (True, True)
    assert repo.head() == tip
    repo.git("config", "commit.gpgSign", "false")
    assert isinstance(merge_attempt(repo.layout, wanted), Merged)
