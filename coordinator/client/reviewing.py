"""Changes of agents, for those who look at them and give a verdict."""

from coordinator.client.steering import Steering
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coordinator.model.change import Change, ChangePage, Check
    from coordinator.model.plan import Plan
    from coordinator.model.review_comment import Comment


class Reviewing:
    """The changes of one project, for a caller of any thread. Raises CoordError."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._layout = project.layout

    def waiting(self, snapshot: Snapshot) -> tuple[int, ...]:
        """Prompts whose change is open, and waits for a verdict or for its turn."""
        return snapshot.open_changes

    def change(self, snapshot: Snapshot, number: int, *, diff: bool = True) -> "ChangePage":
        """The change of a prompt's last attempt; Refused when it has none."""
        from coordinator.observe.change_review import read_change

        return read_change(self._layout, snapshot, number, diff=diff)

    def check(self, snapshot: Snapshot, number: int) -> "Check":
        """Merge an open change aside and run its suites: what approving it would come to. Takes as long as they do."""
        from coordinator.observe.change_review import check_change

        return check_change(self._layout, snapshot, number)

    def work(self, attempt: Attempt) -> "Change":
        """What an attempt has made so far, without its diff; CoordError when that can't be told."""
        from coordinator.observe.change_review import work_of

        return work_of(self._layout, attempt)

    def file(self, commit: str, path: str) -> str:
        """A text file as a commit has it; CoordError for one that is none, or that isn't there."""
        from coordinator.observe.change_review import read_file

        return read_file(self._layout, commit, path)

    def comment(self, number: int, comment: "Comment") -> None:
        """Keep a comment at a line until it is sent; one at the same place goes, and without words that is all."""
        from coordinator.lazy.dataclass import replace
        from coordinator.model.review_comment import with_comment
        from coordinator.storage.review_notes import change_notes

        Steering(self._project).human("comment on a change")
        change_notes(self._layout, number, lambda notes: replace(notes, comments=with_comment(notes.comments, comment)))

    def mark_viewed(self, number: int, path: str, digest: str) -> None:
        """Mark a file as viewed while its part of the diff is as `digest` says; an empty one takes the mark away."""
        from coordinator.lazy.dataclass import replace
        from coordinator.storage.review_notes import Notes, change_notes

        def marked(notes: Notes) -> Notes:
            others = {known: value for known, value in notes.viewed.items() if known != path}
            return replace(notes, viewed=others | ({path: digest} if digest else {}))

        change_notes(self._layout, number, marked)

    def sent(self, number: int, comments: "Sequence[Comment]") -> None:
        """Forget comments that were sent: the log has them."""
        from coordinator.lazy.dataclass import replace
        from coordinator.storage.review_notes import change_notes

        gone = {(one.place, one.text) for one in comments}
        if gone:
            change_notes(
                self._layout,
                number,
                lambda notes: replace(
                    notes, comments=tuple(one for one in notes.comments if (one.place, one.text) not in gone)
                ),
            )

    def decide(self, number: int, *, approve: bool, note: str, commit: str, by: str, at: str) -> "Plan":
        """Approve a change, or send it back with the comments that wait, and say what that was.

        `commit`: what was looked at, abbreviated or not; empty: what there is now. `by`, `at`: who, and when.
        """
        from coordinator.client.look import look
        from coordinator.model.review_comment import numbered
        from coordinator.services.review import ReviewRequest, plan_review

        steering = Steering(self._project)
        with steering.planning():
            snapshot = look(self._project)
            page = self.change(snapshot, number, diff=False)
            tip, said = page.change.tip, numbered(page.drafts, page.comments) if not approve else ()
            seen = tip if not commit or (len(commit) >= 7 and tip.startswith(commit)) else commit
            request = ReviewRequest(number, approve, seen, tip, note, by, at, comments=said)
            plan = plan_review(snapshot, request)
            steering.apply(plan)
        self.sent(number, said)
        return plan

    def acknowledge(self, number: int, name: str, *, note: str, by: str, at: str) -> "Plan":
        """Take a human's word for it as which commit a change landed; recorded here where no loop does."""
        from coordinator.apply.landed import land_now, landed_commit
        from coordinator.client.look import look
        from coordinator.services.review import ReviewRequest, plan_review

        steering = Steering(self._project)
        with steering.planning():
            snapshot = look(self._project)
            attempt, commit, tip = landed_commit(self._layout, snapshot, number, name)
            plan = plan_review(snapshot, ReviewRequest(number, True, tip, tip, note, by, at, landed=commit))
            steering.apply(plan)
        land_now(self._layout, attempt, commit)
        return plan
