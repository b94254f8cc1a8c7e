"""Marks of chat templates in an answer: each as its family writes it, and the words nearest to it that are none."""

import pytest

from timmy_tui.turns.template_leaks import leaks_template

MARKS = (
    "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>", "<|python_tag|>",
    "<|im_start|>", "<|im_end|>", "<|im_sep|>", "<start_of_turn>", "<end_of_turn>",
    "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "</s>",
    "[TOOL_RESULTS]", "[SYSTEM_PROMPT]",
    "<|channel|>", "<|message|>", "<|start|>", "<|return|>", "<|call|>", "<|constrain|>",
    "<|assistant|>", "<|user|>", "<|system|>", "<|end|>", "<|endoftext|>", "<|end_of_text|>",
    "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|CHATBOT_TOKEN|>",
    "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>",
    "<think>", "</think>", "<thinking>", "</thinking>", "[THINK]", "[/THINK]",
)  # fmt: skip
"""From the families' own template files."""


@pytest.mark.parametrize("mark", [*MARKS, "...done thinking."])
def test_a_mark_leaks_wherever_it_stands_and_no_part_of_it_does(mark: str) -> None:
    for reply in (mark, f"{mark}Hello.", f"Hello.{mark}", f"Hello{mark}there.", f"Hello.\n{mark}\nthere."):
        assert leaks_template(reply)
    assert not leaks_template(f"Hello{mark[:-1]}")
    assert not leaks_template(f"{mark[1:-1]}")
    assert not leaks_template(f"Hello{mark[1:]}") or mark == "...done thinking."


@pytest.mark.parametrize(
    ("reply", "leaks"),
    [
        ("assistant\n\nHello.", True), ("assistant: yes", True), ("I am your assistant", False),
        (" assistant", False), ("Assistant", False), ("", False), ("Hello.", False), ("<b>Hello</b>", False),
        ("< think >", False), ("<s>", False), ("I am done thinking.", False), ("a < b | c > d", False),
    ],
)  # fmt: skip
def test_the_role_leaks_at_the_beginning_alone(reply: str, leaks: bool) -> None:
    assert leaks_template(reply) is leaks
