"""What is concluded from the turns of a report, beside what the logs say."""

from collections.abc import Mapping
from typing import NamedTuple

from timmy_tui.model.judgement import Diagnosis
from timmy_tui.model.llm import Reuse


class Conclusions(NamedTuple):
    """By ordinal of the turn."""

    diagnoses: Mapping[int, Diagnosis] = {}
    reuse: Mapping[int, Reuse] = {}
