"""What reviewers said at lines of a change, for the agent that goes on with it. Pure."""

from coordinator.agents.brief import Brief, fitted
from coordinator.agents.brief_words import quote, section
from coordinator.model.review_comment import Said, head_of
from coordinator.model.text import amount, plain

REVIEW = 32_000
"""Characters that all of it takes at most."""
_HOW = """\
Look after each of them; a line number is that of the file as it was reviewed. When you hand off, answer each by its id,
an option each: `coord agent done ... --answer "C1: what you did"`. What you leave as it is, and why:
`--answer "C1: left: why"`. The answers are shown at their lines. What has no answer comes back."""

_FOR_OTHERS = """\
The stations that may change files look after these, and answer them. Have them in mind in what is yours to do; a line
number is that of the file as it was reviewed."""


def comments(brief: Brief) -> str:
    """The worklist of a review."""
    if not brief.review:
        return ""
    acts = brief.station is None or bool(brief.station.writes)
    title = f"## Worklist of the review: {amount(len(brief.review), 'comment')} at lines"
    texts, how = [_item(one) for one in brief.review], _HOW if acts else _FOR_OTHERS
    room = REVIEW - len(title) - len(how) - 4 * len(texts)
    return section(title, [how, *fitted(texts, room)])


def _item(said: Said) -> str:
    by = f" ({plain(said.comment.by)})" if said.comment.by else ""
    return f"- [ ] {head_of(said.comment)}{by}\n{quote(said.comment.text)}"
