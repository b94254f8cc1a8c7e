"""The one name for series that moved together."""

from timmy_tui.model.stages import BY_KEY, GAP, GPU, UNATTRIBUTED, V2V, top_of, with_parts


def direction_word(direction: int) -> str:
    """Of a sign."""
    return "slower" if direction > 0 else "faster"


def name_of(series: str, partners: list[str]) -> str:
    """The stage to name when these series moved together."""
    if series.startswith(GAP):
        return UNATTRIBUTED
    if series == V2V:
        return V2V
    members = {series, *partners}
    tops = {top_of(member) for member in members}
    if len(tops) > 1:
        return GPU
    # A part that holds another one moved because of it: the wait holds the load.
    inner = {member for member in members if not members & {*with_parts(member)} - {member}}
    if len(inner) > 1 or members & tops and len(members) > 1:
        return tops.pop()
    (stage,) = inner
    return BY_KEY[stage].parent if BY_KEY[stage].measured == "rest" else stage
