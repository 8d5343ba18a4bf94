"""What scenes show beside a snapshot: a change to review, a milestone's page, a plan to take back."""

from support import build, scenes

from coordinator.lazy.dataclass import replace
from coordinator.model.change import ChangePage, Commit, FileChange, Since
from coordinator.model.checks import Handed
from coordinator.model.imported import Item, Items, TaskStatus
from coordinator.model.intent import Change as IntentChange
from coordinator.model.intent import intent
from coordinator.model.plan import FileEdit, Plan
from coordinator.model.prompt import Priority
from coordinator.model.review_comment import Comment, Said
from coordinator.model.round import Criterion
from coordinator.model.step import Receipt
from coordinator.model.worklist import Fate
from coordinator.services.importing import Import
from coordinator.views.milestone_page import MilestonePage, Revision
from coordinator.views.status_json import counts

_DIFF = '''\
diff --git a/src/limit/headers.py b/src/limit/headers.py
new file mode 100644
--- /dev/null
+++ b/src/limit/headers.py
@@ -0,0 +1,9 @@
+"""The headers that tell a client what is left of its limit."""
+
+from limit.bucket import Bucket
+
+
+def headers(bucket: Bucket) -> dict[str, str]:
+    """RateLimit and RateLimit-Policy of RFC 9239, and the names of the drafts before it."""
+    left = max(0, int(bucket.tokens))
+    return {"RateLimit": f"limit={bucket.size}, remaining={left}, reset={bucket.full_in():.0f}"}
diff --git a/src/limit/middleware.py b/src/limit/middleware.py
--- a/src/limit/middleware.py
+++ b/src/limit/middleware.py
@@ -21,9 +21,10 @@ class Limiter:
     def __call__(self, request: Request) -> Response:
         bucket = self.store.bucket(request.client)
-        if not bucket.take(1):
-            return Response(status=429)
-        return self.app(request)
+        allowed = bucket.take(1)
+        response = self.app(request) if allowed else Response(status=429)
+        response.headers.update(headers(bucket))
+        return response

     def close(self) -> None:
         self.store.close()
'''


def change() -> ChangePage:
    """The open change of prompt 5 of `scenes.bucket`."""
    attempt = scenes.bucket().steps[5].attempt
    assert attempt is not None
    receipt = Receipt(
        "done",
        "Every response tells what is left of the limit, a refused one too.",
        "executor-05-1",
        scenes.iso(60),
        decisions=("headers follow RFC 9239, draft names too",),
        limitations=("the reset is rounded to a second",),
    )
    commits = (
        Commit("b" * 40, "Tell what is left in headers", "executor-05-1", int(scenes.NOW) - 240),
        Commit("c" * 40, "Send them with a refusal too", "executor-05-1", int(scenes.NOW) - 90),
    )
    files = (FileChange("src/limit/headers.py", 9, 0), FileChange("src/limit/middleware.py", 4, 3))
    branch = build.change(5, *commits, files=files)
    criteria = (
        Handed(Criterion("AC-05-1", "Every response tells what is left"), ("pytest tests/test_headers.py",)),
        Handed(Criterion("AC-05-2", "A refused one tells when to come back")),
    )
    attempt = replace(attempt, receipt=receipt)
    return ChangePage(5, "HTTP middleware headers", attempt, branch, ("unit",), diff=_DIFF, criteria=criteria)


_SINCE = """\
diff --git a/src/limit/middleware.py b/src/limit/middleware.py
--- a/src/limit/middleware.py
+++ b/src/limit/middleware.py
@@ -23,6 +23,7 @@ class Limiter:
         allowed = bucket.take(1)
         response = self.app(request) if allowed else Response(status=429)
-        response.headers.update(headers(bucket))
+        response.headers.update(headers(bucket, unit="seconds"))
+        # a refused client is told when to come back
         return response

     def close(self) -> None:
"""


def second_look() -> ChangePage:
    """The change of prompt 5 after it was sent back with three comments, of which two were answered."""
    page, path = change(), "src/limit/middleware.py"
    said = (
        Said(
            Comment(path, 24, "Why only a refused one?", quote="response = self.app(request)", by="ada", id="C2"),
            1,
            line=24,
        ),
        Said(
            Comment(path, 25, "name the unit", quote="response.headers.update(headers(bucket))", by="ada", id="C1"),
            1,
            Fate.RESOLVED,
            "the unit is an argument now",
            "executor-05-2",
            2,
            line=25,
        ),
        Said(
            Comment("src/limit/headers.py", 0, "a shorter name for this file?", by="ada", id="C3"),
            1,
            Fate.SKIPPED,
            "other modules import it by this name",
            "executor-05-2",
            2,
        ),
    )
    since = Since(1, "c" * 40, (FileChange(path, 2, 1),), _SINCE)
    return replace(page, attempt=replace(page.attempt, attempt=2), comments=said, since=since)


def work() -> ChangePage:
    """What the running attempt of prompt 4 has made so far."""
    commits = (Commit("d" * 40, "A table of buckets", "executor-04-1", int(scenes.NOW) - 50),)
    branch = build.change(4, *commits, modified=("src/limit/store.py",))
    attempt = scenes.bucket().steps[4].attempt
    assert attempt is not None
    return ChangePage(4, "Persist buckets to SQLite", attempt, branch)


def milestone() -> MilestonePage:
    """The milestone of `scenes.bucket`, with all that such a page can have."""
    snapshot = scenes.bucket()
    wanted = intent(
        "No client can take down the service by asking too often.\nEvery client can tell how much it may still ask.",
        ("billing by use",),
        ("no request takes a millisecond longer", "no new service to run"),
        ("the benchmark passes with 10,000 clients", "limits survive a restart"),
    )
    decided = [event for event in scenes.bucket_events() if event.kind == "decision.recorded"]
    issue = {"ref": "#12", "kind": "issue"}
    attached = replace(scenes.event(3, 800, "ada", "attachment.added", "milestone"), data=issue)
    return MilestonePage(
        milestone=snapshot.milestone,
        intent=wanted,
        version=2,
        recorded=True,
        set_by="ada",
        set_at=scenes.iso(5_000),
        counts=counts(snapshot),
        attachments=(attached,),
        decisions=tuple(decided),
        revisions=(
            Revision(1, scenes.iso(9_000), "ada", (IntentChange("goal", wanted.goal.splitlines()[:1], ()),)),
            Revision(2, scenes.iso(5_000), "ada", (IntentChange("constraint", wanted.constraints[1:], ()),)),
        ),
    )


def undo() -> Plan:
    """The plan that takes back the interjection of prompt 9."""
    snapshot = scenes.bucket()
    path = snapshot.prompts[9].path
    lines = snapshot.prompts[9].source.decode().splitlines()
    return Plan(
        id=build.event_id(20),
        service="undo",
        summary="take back: 09 after 02, before 07",
        edits=(FileEdit(path, "delete", b"", "0" * 64, "".join(f"-{line}\n" for line in lines)),),
        undoes=build.event_id(8),
        order_before=snapshot.graph.order,
        order_after=tuple(number for number in snapshot.graph.order if number != 9),
    )


def tasks() -> Import:
    """Tasks of another tool, with what an import has to say of such."""
    todo, done = TaskStatus.TODO, TaskStatus.DONE
    items = (
        Item("TASK-1", "Read limits from the settings", "backlog/tasks/task-1.md", 3, done),
        Item("TASK-2", "Limits per customer", "backlog/tasks/task-2.md", 3, todo, dependencies=("TASK-1",)),
        Item(
            "TASK-3",
            "Tell customers in a header how much is left, and from when on there is more",
            "backlog/tasks/task-3.md",
            3,
            todo,
            dependencies=("TASK-2",),
            priority=Priority.HIGH,
            criteria=("the header is there", "it is 0 at the limit"),
        ),
        Item("TASK-3.1", "Name the header", "backlog/tasks/task-3.1.md", 3, TaskStatus.IN_PROGRESS, parent="TASK-3"),
        Item("TASK-4", "限流文档", "backlog/tasks/task-4.md", 3, TaskStatus.BLOCKED, dependencies=("TASK-9",)),
        Item("TASK-5", "A page that shows who is limited", "backlog/tasks/task-5.md", 3, todo),
    )
    return Import("backlog.md", "backlog", Items(items), "ada")
