"""What scenes show beside a snapshot: a change to review, a milestone's page, a plan to take back."""

from support import build, scenes

from coordinator.lazy.dataclass import replace
from coordinator.model.change import ChangePage, Commit, FileChange
from coordinator.model.intent import Change as IntentChange
from coordinator.model.intent import intent
from coordinator.model.plan import FileEdit, Plan
from coordinator.model.step import Receipt
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
    return ChangePage(5, "HTTP middleware headers", replace(attempt, receipt=receipt), branch, ("unit",), diff=_DIFF)


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
