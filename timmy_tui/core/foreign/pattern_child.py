"""Runs in a process of its own: which lines match a pattern. It imports nothing of the program.

Input: the pattern, ``1`` where case is ignored or ``0``, each on a line; then, again and again, how many lines follow,
and these. Output: the indexes of those that match, on one line.
"""

import re
import sys


def main() -> None:
    """Answer until the input ends."""
    read = sys.stdin.readline
    pattern, ignore_case = read().rstrip("\n"), read().strip() == "1"
    search = re.compile(pattern, re.IGNORECASE if ignore_case else 0).search
    while count := read().strip():
        texts = [read().rstrip("\n") for _ in range(int(count))]
        print(*(at for at, text in enumerate(texts) if search(text)), flush=True)


if __name__ == "__main__":
    main()
