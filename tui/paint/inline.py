"""Marks inside a line of Markdown: code, strong, emphasis, links. In time that grows with its length."""

import re

from coordinator.views.spans import Span

_MARK = re.compile(r"[`*_~\[\\<]")
_DEEPEST = 4
_STRONG, _EMPHASIS, _CODE, _LINK, _GONE = "strong", "em", "code", "link", "quiet"


def inline_spans(text: str, ink: str = "text", depth: int = 0) -> list[Span]:
    """The text with its marks taken for what they mean; one that is not closed stays as it is written."""
    return _Inline(text, ink, depth).spans()


class _Inline:
    def __init__(self, text: str, ink: str, depth: int) -> None:
        self._text, self._ink, self._depth = text, ink, depth
        self._unclosed: set[str] = set()
        """Marks that are not closed any more: they are not looked for again."""
        self._spans: list[Span] = []
        self._written = ""

    def spans(self) -> list[Span]:
        at, text = 0, self._text
        while (found := _MARK.search(text, at)) is not None:
            self._written += text[at : found.start()]
            at = self._mark(found.start())
        self._written += text[at:]
        self._flush()
        return self._spans

    def _flush(self) -> None:
        if self._written:
            self._spans.append(Span(self._written, self._ink))
            self._written = ""

    def _mark(self, at: int) -> int:
        """Take the mark at a place; where to go on."""
        text, mark = self._text, self._text[at]
        if mark == "\\":
            escaped = text[at + 1 : at + 2]
            self._written += escaped if escaped and not escaped.isalnum() and not escaped.isspace() else "\\" + escaped
            return at + 2
        if mark == "`":
            return self._code(at)
        if mark == "[":
            return self._link(at)
        if mark == "<":
            self._written += mark
            return at + 1
        return self._emphasis(at, mark)

    def _as_written(self, at: int, mark: str) -> int:
        self._written += mark
        return at + len(mark)

    def _closed(self, mark: str, start: int) -> int:
        """Where a mark is closed; -1: nowhere."""
        if mark in self._unclosed:
            return -1
        end = self._text.find(mark, start)
        if end < 0:
            self._unclosed.add(mark)
        return end

    def _code(self, at: int) -> int:
        text, end = self._text, at
        while text[end : end + 1] == "`":
            end += 1
        mark = text[at:end]
        close = self._closed(mark, end)
        if close <= end:
            return self._as_written(at, mark)
        self._flush()
        self._spans.append(Span(text[end:close].strip() or text[end:close], _CODE))
        return close + len(mark)

    def _link(self, at: int) -> int:
        middle = self._closed("](", at + 1)
        end = self._closed(")", middle + 2) if middle > at + 1 else -1
        if end < 0 or "[" in self._text[at + 1 : middle]:
            return self._as_written(at, "[")
        self._flush()
        label, address = self._text[at + 1 : middle], self._text[middle + 2 : end].strip()
        self._spans += inline_spans(label, _LINK, self._depth + 1) if self._depth < _DEEPEST else [Span(label, _LINK)]
        self._spans += [Span(f" ({address})", "quiet")] if address and address != label else []
        return end + 1

    def _emphasis(self, at: int, sign: str) -> int:
        text = self._text
        mark = sign * 2 if text[at : at + 2] == sign * 2 else sign
        start = at + len(mark)
        inside_word = sign == "_" and at > 0 and text[at - 1].isalnum()
        opens = start < len(text) and not text[start].isspace() and not inside_word
        if not opens or mark == "~" or self._depth >= _DEEPEST:
            return self._as_written(at, mark)
        end = self._closed(mark, start + 1)
        if end < 0 or text[end - 1].isspace():
            return self._as_written(at, mark)
        if len(mark) == 1 and text[end : end + 2] == sign * 2:  # the mark of something strong inside
            return self._as_written(at, mark)
        self._flush()
        ink = _GONE if sign == "~" else _STRONG if len(mark) == 2 else _EMPHASIS
        self._spans += inline_spans(text[start:end], ink, self._depth + 1)
        return end + len(mark)
