"""Spellings of one model, and names that look alike and are others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_tui.model.model_names import canonical_model, is_cloud_model, same_model

SPELLINGS = [
    ["llama3.2", "llama3.2:latest", "Llama3.2", "LLAMA3.2:LATEST", " llama3.2 ", "library/llama3.2",
     "registry.ollama.ai/library/llama3.2", "https://registry.ollama.ai/library/llama3.2:latest",
     "ollama.com/library/llama3.2", "ollama.com/llama3.2", "llama3.2:local", "llama3.2@sha256:abc"],
    ["llama3.2:3b-instruct-q4_K_M", "llama3.2:3b-instruct-Q4_K_M", "library/llama3.2:3b-instruct-q4_k_m"],
    ["hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M", "huggingface.co/bartowski/llama-3.2-3b-instruct-gguf:q4_k_m",
     "https://huggingface.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M"],
    ["hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF", "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:latest"],
    ["me/llama3.2", "registry.ollama.ai/me/llama3.2:latest"],
    ["box:5000/library/llama3.2:3b", "http://BOX:5000/library/llama3.2:3b"],
    ["box:5000/llama3.2"],
    ["gpt-oss:120b-cloud", "gpt-oss:120b:cloud", "GPT-OSS:120b-Cloud"],
    ["gpt-oss:cloud"],
    ["llama3"], ["llama3.2:3b"], ["llama3.2-vision"], ["nomic-embed-text"],
]  # fmt: skip


@pytest.mark.parametrize("group", range(len(SPELLINGS)))
def test_spellings_of_one_model_are_equal_and_of_two_are_not(group: int) -> None:
    for name in SPELLINGS[group]:
        assert [same_model(name, other) for other in SPELLINGS[group]] == [True] * len(SPELLINGS[group])
        others = [other for number, names in enumerate(SPELLINGS) if number != group for other in names]
        assert [other for other in others if same_model(name, other)] == []


def test_an_unknown_name_is_no_model() -> None:
    assert not any([same_model(None, None), same_model("", ""), same_model("m", None), same_model(None, "m")])


@pytest.mark.parametrize(
    ("name", "cloud"),
    [
        ("gpt-oss:120b-cloud", True), ("glm-4.6:cloud", True), ("me/x:1t-CLOUD", True), ("gpt-oss:120b:cloud", True),
        ("gpt-oss:120b", False), ("cloud", False), ("cloud-x:latest", False), ("x:cloudy", False),
        ("x-cloud:7b", False), ("", False), (None, False),
    ],
)  # fmt: skip
def test_a_cloud_model_says_so_in_its_tag(name: str | None, cloud: bool) -> None:
    assert is_cloud_model(name) is cloud


@given(st.text(max_size=40))
def test_any_text_has_one_spelling_that_is_its_own(name: str) -> None:
    assert canonical_model(canonical_model(name)) == canonical_model(name)
