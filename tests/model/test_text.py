"""Untrusted text made safe to show."""

import sys

from coordinator.model import text
from coordinator.model.text import plain


def test_text_without_a_character_that_hides_is_left_as_it_is() -> None:
    assert plain("Größe – 大 … ✓") == "Größe – 大 … ✓"


def test_what_python_calls_printable_and_nobody_sees_is_known() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    unseen = {char for char in text._UNSAFE.findall(everything) if char.isprintable()}
    assert unseen <= set(text._UNSEEN)
    assert plain("a\u3164b") == "a·b"
