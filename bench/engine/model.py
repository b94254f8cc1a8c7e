"""A Llama model of random weights, written when it is needed: some seconds, nothing downloaded.

What it answers means nothing. How long it takes, and what its engine keeps in the cache, is real.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gguf

WORDS_FROM = 259
"""First token id that is a word: before it are <unk>, <s>, </s> and 256 single bytes."""
BOS = 1


@dataclass(frozen=True)
class Shape:
    """Sizes of a model. A wider model has a higher cost for each token, one with many heads a higher cost of depth."""

    width: int = 256
    layers: int = 6
    heads: int = 4
    feed_forward: int = 1024
    vocabulary: int = 2048
    context: int = 8192

    @property
    def depth_cost(self) -> float:
        """What a token costs more for each token before it: multiplications of attention over those of the weights."""
        weights = self.width * self.width * 3 + 3 * self.width * self.feed_forward
        return 2 * self.width / weights


SMALL, WIDE = Shape(128, 2, 2, 2048, 40000), Shape(192, 2, 3, 2048, 32000)
SHAPES = {"small": SMALL, "wide": WIDE}
TINY = Shape(64, 2, 2, 128, 512)


def write_model(path: Path, shape: Shape, seed: int = 1) -> None:
    """Write the GGUF file. Raises ImportError where gguf is not installed."""
    import gguf
    import numpy as np

    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(max(shape.heads // 2, 1))
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_vocab_size(shape.vocabulary)
    _write_tokens(writer, shape)

    def matrix(name: str, rows: int, columns: int) -> None:
        weights = random.standard_normal((rows, columns)) / np.sqrt(columns)
        writer.add_tensor(name, weights.astype(np.float16))

    def norm(name: str) -> None:
        writer.add_tensor(name, np.ones(shape.width, dtype=np.float32))

    key_width = shape.width // shape.heads * max(shape.heads // 2, 1)
    matrix("token_embd.weight", shape.vocabulary, shape.width)
    matrix("output.weight", shape.vocabulary, shape.width)
    norm("output_norm.weight")
    for layer in range(shape.layers):
        head = f"blk.{layer}."
        norm(head + "attn_norm.weight")
        norm(head + "ffn_norm.weight")
        matrix(head + "attn_q.weight", shape.width, shape.width)
        matrix(head + "attn_k.weight", key_width, shape.width)
        matrix(head + "attn_v.weight", key_width, shape.width)
        matrix(head + "attn_output.weight", shape.width, shape.width)
        matrix(head + "ffn_gate.weight", shape.feed_forward, shape.width)
        matrix(head + "ffn_up.weight", shape.feed_forward, shape.width)
        matrix(head + "ffn_down.weight", shape.width, shape.feed_forward)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_tokens(writer: "gguf.GGUFWriter", shape: Shape) -> None:
    """Single bytes, then words without a meaning."""
    import gguf

    words = [f"▁w{number}" for number in range(WORDS_FROM, shape.vocabulary)]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL, *[gguf.TokenType.BYTE] * 256]
    writer.add_token_types([*kinds, *[gguf.TokenType.NORMAL] * len(words)])
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(2)
