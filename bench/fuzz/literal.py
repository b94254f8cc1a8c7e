"""The fuzzer of the editor of one literal: only that literal's bytes change, or nothing does."""

import ast
import io
import tokenize
from typing import NamedTuple

from hypothesis import assume, target
from hypothesis import strategies as st

from bench.fuzz.invariants import assert_printable
from bench.fuzz.texts import Op, edited_bytes, ops
from timmy_tui.control.edit.literal import Constant, Keyword, Selector, find_literal, patch
from timmy_tui.control.edit.places import Value
from timmy_tui.control.errors import Refused
from timmy_tui.core.foreign.sanitize import clean

CONFIG = b'''\
# -*- coding: utf-8 -*-
"""Settings of v34."""
import os
from typing import Any
USE_FULL_MEGA_PROMPT = True  # flip for tail mode
RETRIEVAL_ENABLED: bool = False
DB_CONFIG = {"password": "secret", "port": 5432}
LLM_CONTEXT_SIZE = 8_000; MAX_TOKENS = 7000
RECENCY_WEIGHT = -.75
MODEL_NAME = 'llama3.2:3b-instruct-q4_K_M'
PATTERN = r"\\d+"
TEXT = """a
b"""
HEX = 0x1F
KEEP = os.getenv("KEEP", "1h")
def call(prompt, raw: bool = True):
    return llm.generate_api_call(prompt, context=None, raw=True, temperature=0.4)
'''
NAMES = (
    "USE_FULL_MEGA_PROMPT", "RETRIEVAL_ENABLED", "LLM_CONTEXT_SIZE", "MAX_TOKENS", "RECENCY_WEIGHT", "MODEL_NAME",
    "PATTERN", "TEXT", "HEX", "KEEP", "MISSING",
)  # fmt: skip
SELECTORS: tuple[Selector, ...] = (
    *(Constant(name) for name in NAMES),
    Keyword("generate_api_call", "raw"),
    Keyword("generate_api_call", "temperature"),
    Keyword("generate_api_call", "context"),
)
ENDS = (b"\n", b"\r\n", b"\r")
ENCODINGS = ("utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16")


class Edit(NamedTuple):
    """A file, what of it is to be changed, and the new value."""

    edits: list[Op]
    end: bytes
    encoding: str
    selector: Selector
    value: Value


def inputs() -> st.SearchStrategy[Edit]:
    texts = st.text(max_size=12) | st.sampled_from(["'", '"""', "\\", "\n", "\r", "é", "\ud800", "{x}", "\x1b[2J"])
    values: st.SearchStrategy[Value] = st.booleans() | st.integers() | st.floats() | texts
    return st.builds(
        Edit, ops(5), st.sampled_from(ENDS), st.sampled_from(ENCODINGS), st.sampled_from(SELECTORS), values
    )


def check(edit: Edit) -> None:
    """The bytes before and behind the literal are the same, the file reads with the new value, and can be put back."""
    source = edited_bytes(CONFIG, edit.edits).replace(b"\n", edit.end)
    if edit.encoding != "utf-8":
        source = source.replace(b"coding: utf-8", b"coding: " + edit.encoding.encode())
    before: Value
    try:
        old = find_literal(source, edit.selector)
    except Refused as refused:
        assert_printable(clean(refused.message))
        return
    before = old.value
    value = edit.value if type(edit.value) is old.type else before
    try:
        new = patch(source, edit.selector, value)
    except Refused as refused:
        assert_printable(clean(refused.message))
        assert find_literal(source, edit.selector) == old
        return
    behind = source[old.end :]
    assert new.startswith(source[: old.start]), "bytes before the literal changed"
    assert new.endswith(behind) and len(new) >= old.start + len(behind), "bytes behind the literal changed"
    now = find_literal(new, edit.selector)
    assert (now.value, now.type, now.start, now.end) == (value, old.type, old.start, len(new) - len(behind))
    assert _rest(new, now.start, now.end) == _rest(source, old.start, old.end), "another token changed"
    again = patch(new, edit.selector, before)
    assert find_literal(again, edit.selector).value == before, "the old value cannot be put back"
    assume(source.isascii())
    target(float(len(ast.parse(source).body)), label="statements")


def _rest(source: bytes, start: int, end: int) -> list[tuple[int, str]]:
    """All tokens but the literal, which is blanked, as Python's own reader sees them."""
    blanked = source[:start] + b"0" + source[end:]
    if b"\r" in blanked.replace(b"\r\n", b""):
        return []  # the library's reader splits no line at a lone CR
    return [(token.type, token.string) for token in tokenize.tokenize(io.BytesIO(blanked).readline)]
