"""Marks of chat templates and of hidden reasoning, which a model should not write into its answer.

Which of them can occur depends on the model, and the model is a setting of v34's. They are read aloud.
"""

import re

_MARKS = (
    # Llama 3
    "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>", "<|python_tag|>",
    # ChatML: Qwen, Hermes, SmolLM, Yi
    "<|im_start|>", "<|im_end|>", "<|im_sep|>",
    # Gemma
    "<start_of_turn>", "<end_of_turn>",
    # Mistral and Llama 2
    "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]", "[SYSTEM_PROMPT]",
    # gpt-oss
    "<|channel|>", "<|message|>", "<|start|>", "<|return|>", "<|call|>", "<|constrain|>",
    # Phi
    "<|assistant|>", "<|user|>", "<|system|>", "<|end|>",
    # GPT-2, Falcon and many others
    "<|endoftext|>", "<|end_of_text|>",
    # Command R
    "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|CHATBOT_TOKEN|>",
    # DeepSeek
    "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>",
    # Reasoning: DeepSeek R1, Qwen 3, Magistral; and the words that Ollama's own client puts around it
    "<think>", "</think>", "<thinking>", "</thinking>", "[THINK]", "[/THINK]", "...done thinking.",
)  # fmt: skip

_ANY = re.compile("|".join(map(re.escape, (*_MARKS, "</s>"))))


def leaks_template(reply: str) -> bool:
    """The answer holds a mark, or begins with the role that stands before an answer in a template."""
    return reply.startswith("assistant") or _ANY.search(reply) is not None
