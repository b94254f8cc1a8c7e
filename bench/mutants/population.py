"""All mutants of the core, and the sample drawn from them: which ones depends on the seed and on nothing else."""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from bench.mutants.groups import files_of
from bench.mutants.mutant import Mutant
from bench.mutants.operators import LIBRARY, OWN, Source
from bench.mutants.same_code import is_same_code

SHARE_OF_ONE_LINE = 2
"""Mutants of one line in a sample at most: a long table would otherwise be all of its group."""


def apply(mutant: Mutant, text: str) -> str:
    """The module with the fault in it."""
    if mutant.operator in OWN:
        edit = list(OWN[mutant.operator](source_of(text)))[mutant.occurrence]
        return text[: edit.start] + edit.text + text[edit.end :]
    changed = mutate_code(text, get_operator(mutant.operator)(), mutant.occurrence)
    if changed is None:
        raise ValueError(f"no such mutant: {mutant.key}")
    return str(changed)


@lru_cache(maxsize=8)
def source_of(text: str) -> Source:
    """Parsed once for all operators."""
    return Source(text)


def mutants_of(path: str, text: str) -> Iterator[Mutant]:
    """Every mutant of one module that compiles and differs from it."""
    source = source_of(text)
    nodes = list(ast_nodes(get_ast(text)))
    for name in LIBRARY:
        operator = get_operator(name)()
        places = (place for node in nodes for place in operator.mutation_positions(node))
        for occurrence, ((line, column), _) in enumerate(places):
            if source.has_effect(source.offset(line, column)):
                yield Mutant(path, name, occurrence, line)
    for name, find in OWN.items():
        for occurrence, edit in enumerate(find(source)):
            if source.has_effect(edit.start):
                yield Mutant(path, name, occurrence, source.line_of(edit.start))


def is_valid(mutant: Mutant, text: str) -> bool:
    """It compiles, to other code than the original: what the compiler makes the same is the same program."""
    try:
        changed = compile(apply(mutant, text), mutant.path, "exec")
    except (SyntaxError, ValueError):
        return False
    return not is_same_code(changed, compile(text, mutant.path, "exec"))


def draw(root: Path, seed: int) -> Iterator[tuple[str, int, Sequence[Mutant]]]:
    """Group, size of its population, and its mutants in the order in which they are drawn.

    More than are wanted: the later ones stand in for those that are none (they do not compile, or their module
    cannot be imported).
    """
    for group, files in files_of(root).items():
        found: list[Mutant] = []
        for path in files:
            found += mutants_of(path, (root / path).read_text("utf-8"))
        random.Random(f"{seed} {group}").shuffle(found)
        yield group, len(found), _spread(found)


def _spread(mutants: Sequence[Mutant]) -> list[Mutant]:
    lines: dict[tuple[str, int], int] = {}
    first: list[Mutant] = []
    for mutant in mutants:
        place = (mutant.path, mutant.line)
        lines[place] = lines.get(place, 0) + 1
        if lines[place] <= SHARE_OF_ONE_LINE:
            first.append(mutant)
    return first
