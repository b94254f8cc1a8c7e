"""Names of Ollama's models: which spellings are one model, and which models run in the cloud.

The rules are those of Ollama's own parser: ``[registry/][namespace/]model[:tag]``, whose registry, namespace and tag
have defaults and whose letters may be of either case.
"""

from functools import lru_cache

_REGISTRIES = frozenset({"registry.ollama.ai", "ollama.com", "www.ollama.com", "ollama.ai"})
"""Hosts that are Ollama's own registry, as people write it."""
_HUGGING_FACE = frozenset({"hf.co", "huggingface.co", "www.huggingface.co"})
_DEFAULT_NAMESPACE = "library"
_DEFAULT_TAG = "latest"
_LOCAL = "local"
"""A tag behind the tag that says where the model runs; it is not a part of the name."""
_CLOUD = "cloud"


@lru_cache(256)
def canonical_model(name: str) -> str:
    """One text for every spelling of a model: ``LLama3.2``, ``library/llama3.2:latest`` are ``llama3.2:latest``."""
    # No name has spaces in it: what stands around a slash or a tag is of who typed it.
    text = "".join(name.split()).lower().rpartition("://")[2].partition("@sha256")[0].strip("/")
    parts = text.split("/")
    model, *tags = parts[-1].split(":")
    path = parts[:-1]
    if path and path[0] in _REGISTRIES:
        path = path[1:]
    if path and path[0] in _HUGGING_FACE:
        path[0] = "hf.co"
    if path == [_DEFAULT_NAMESPACE]:
        path = []
    tags = [tag for tag in tags if tag and tag != _LOCAL]
    if len(tags) > 1 and tags[-1] == _CLOUD:
        tags = [f"{'-'.join(tags[:-1])}-{_CLOUD}"]  # x:120b:cloud is how x:120b-cloud may be written.
    return "/".join([*path, f"{model}:{':'.join(tags) or _DEFAULT_TAG}"])


def same_model(one: str | None, other: str | None) -> bool:
    """Both are names of one model; False where one is not known."""
    return bool(one and other) and canonical_model(str(one)) == canonical_model(str(other))


def is_cloud_model(name: str | None) -> bool:
    """The name says that Ollama only passes its requests on: ``x:120b-cloud``, ``x:cloud``."""
    tag = canonical_model(name).rpartition(":")[2] if name else ""
    return tag == _CLOUD or tag.endswith(f"-{_CLOUD}")
