"""Fisher's exact test of two shares.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

from math import comb


def fisher(had_a: int, n_a: int, had_b: int, n_b: int) -> float:
    """Two-sided p of the table, given its sums: of all tables that are at most as likely."""
    had, n = had_a + had_b, n_a + n_b
    ways = comb(n, had)
    table = [comb(n_a, one) * comb(n_b, had - one) / ways for one in range(max(0, had - n_b), min(had, n_a) + 1)]
    own = table[had_a - max(0, had - n_b)]
    return sum(p for p in table if p <= own * (1 + 1e-9))
