"""A prompts folder as other harnesses leave it: names, dependencies and statuses in their own spellings, odd YAML."""

from pathlib import Path

FILES = {
    "001-setup-database.md": """\
---
title: Setup: the database
status: complete
assignee: @ana
---
Done long ago.
""",
    "002-api-endpoints.md": """\
---
title: [X] Write the API   # checked by hand
type: feature
priority: P1
status:   todo   # next
dependencies: [001]
---
Body with a rule below.

---

And: `status: todo` in the text.
""",
    "003-web-client.md": """\
---
title: "Web client"
status: 'Not Started'
dependencies: ["api-endpoints", ./prompts/001-setup-database.md, #1]
files: *.ts
---
Slugs and paths.
""",
    "004-日本語.md": """\
---
title: 日本語のタスク: 翻訳
status: in-progress
depends_on:
  - 002-api-endpoints.md
  - prompt 3
---
Somebody began it, and left.
""",
    "005-umlaute.md": "---\r\ntitle: Übersetzung prüfen\r\nstatus: ✅ done\r\n---\r\nFertig.\r\n",
    "006-02-polish.md": """\
---
title: `code` first, 100% covered
status: wip
dependencies: ["003", "004-日本語"]
meta:
  wave: 2
  tags: [ui, fast]
---
""",
    "007-last.md": """\
---
title: Last: don't forget
status: queued
dependencies: ["006-02", setup-database]
---
""",
    "008-no-frontmatter.md": "# A heading\n\nNo frontmatter at all.\n",
    "009-empty.md": "",
    "010-odd-status.md": "---\ntitle: Odd\nstatus: somehow\n---\n",
    "README.md": "# How we work\n",
    "notes-2.md": "status: none of your business\n",
}
"""In the order of their numbers: 1 and 5 are done, 8 to 10 can't be used, the last two are no prompts."""

RUNNABLE = (2, 3, 4, 6, 7)


def write_foreign(folder: Path) -> None:
    """Write the files into a new folder."""
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_bytes(text.encode())
