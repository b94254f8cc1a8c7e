"""Places by the text that the journal has for them."""

from timmy_tui.control.edit.json_member import member_of
from timmy_tui.control.edit.literal import selector_of
from timmy_tui.control.edit.places import Place


def place_of(text: str) -> Place:
    """The place that ``str`` gave this text: a member of a JSON object begins with a quote, no name in Python does."""
    return member_of(text) if text.startswith('"') else selector_of(text)
