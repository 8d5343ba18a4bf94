"""What lands is what was there when it was looked at: git itself doesn't hash again what it reads."""

import struct
import zlib
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.command import GitError
from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.safekeeping import keep_safe
from coordinator.changes.worktrees import create
from coordinator.model.work import prompt_work


def swap(store: Path, name: str, content: bytes) -> None:
    """Put other content under the name of a loose blob."""
    path = store / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"blob %d\0%b" % (len(content), content)))


def swap_packed(store: Path, name: str, content: bytes) -> None:
    """Have a pack with other content for the name beside the loose blob, which git reads then no more."""
    assert len(content) < 16
    body = bytes([3 << 4 | len(content)]) + zlib.compress(content)
    pack = b"PACK" + struct.pack(">II", 2, 1) + body
    pack += sha1(pack).digest()
    first = int(name[:2], 16)
    fan = b"".join(struct.pack(">I", byte >= first) for byte in range(256))
    index = b"\xfftOc" + struct.pack(">I", 2) + fan + bytes.fromhex(name)
    index += struct.pack(">II", zlib.crc32(body), 12) + pack[-20:]
    place = store / "pack" / f"pack-{pack[-20:].hex()}"
    place.parent.mkdir(exist_ok=True)
    place.with_suffix(".pack").write_bytes(pack)
    place.with_suffix(".idx").write_bytes(index + sha1(index).digest())


def swap_elsewhere(store: Path, name: str, content: bytes) -> None:
    """Have the other content in a store that is borrowed from."""
    other = store.parent / "other"
    (other / name[:2]).mkdir(parents=True)
    (store / name[:2] / name[2:]).replace(other / name[:2] / name[2:])
    swap(other, name, content)
    (store / "info").mkdir(exist_ok=True)
    (store / "info/alternates").write_text(f"{other}\n")


@pytest.mark.parametrize("swap", [swap, swap_packed, swap_elsewhere])
def test_an_object_with_other_content_than_its_name_says_does_not_land(
    repo: Repository, swap: Callable[[Path, str, bytes], None]
) -> None:
    tree = create(repo.layout, prompt_work(1), 1, "main")
    repo.commit({"src/app.py": "reviewed\n"}, cwd=tree.path)
    keep_safe(repo.layout, tree.branch, tree.base)
    before = repo.head()
    swap(repo.root / ".git/objects", repo.git("rev-parse", f"{tree.branch}:src/app.py"), b"swapped\n")
    for land in (
        lambda: merge_attempt(repo.layout, MergeRequest(prompt_work(1), 1, base="main", start=tree.base)),
        lambda: keep_safe(repo.layout, tree.branch, tree.base),
    ):
        with pytest.raises(GitError, match="not what its name says"):
            land()
    assert repo.head() == before


def test_much_content_lands_part_by_part(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.changes.safekeeping._PART", 10)
    tree = create(repo.layout, prompt_work(1), 1, "main")
    repo.commit({f"src/{number}.txt": f"{number}\n" * number for number in range(20)}, cwd=tree.path)
    keep_safe(repo.layout, tree.branch, tree.base)
    repo.git("gc", "--quiet")
    keep_safe(repo.layout, tree.branch, tree.base)
