"""Foreign text in the cells of a CSV file: a spreadsheet runs formulas, a terminal obeys control bytes.

Numbers, times and truth values are not text: they stay as they are, ``-1.5`` too.
"""

from typing import TYPE_CHECKING

from timmy_tui.core.foreign.sanitize import clean

if TYPE_CHECKING:
    import pandas as pd

FORMULA = tuple("=+-@＝＋－＠")
"""What a spreadsheet may take for the beginning of a formula, also behind blanks; the last four are full width."""
TEXT = ("string", "category", "object")
"""Types of the columns that hold text."""


def safe_cell(text: str) -> str:
    """The text, cleaned; with ``'`` before what would be a formula, which spreadsheets read as "this is text"."""
    shown = clean(text)
    return f"'{shown}" if shown.lstrip().startswith(FORMULA) else shown


def with_safe_text(data: "pd.DataFrame") -> "pd.DataFrame":
    """The frame with every text safe; the other columns are the same."""
    texts = [str(name) for name, kind in data.dtypes.items() if str(kind) in TEXT]
    safe = {name: data[name].astype("object").map(safe_cell, na_action="ignore") for name in texts}
    return data.assign(**safe)
