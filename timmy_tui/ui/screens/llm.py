"""Screen 4: is the prompt cache working, and how full is the context window."""

from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.panels.llm import llm_lines
from timmy_tui.ui.screens.base import BaseScreen


class LlmScreen(BaseScreen):
    """One panel (``panels/llm.py``)."""

    BINDINGS = [*screen_bindings("llm")]

    def __init__(self, name: str) -> None:
        """``name``: of the Textual mode."""
        super().__init__(name, llm_lines)
