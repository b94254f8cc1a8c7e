"""Themes: one small TOML file each, a palette and what every role is drawn in.

The packaged files come first; a file of the same name in the user's ``themes`` folder takes its place.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from rich.color import Color as RichColor
from rich.color import ColorParseError, ColorType
from rich.errors import StyleSyntaxError
from rich.style import Style
from textual.color import Color
from textual.color import ColorParseError as ToolkitColorError
from textual.theme import BUILTIN_THEMES, Theme

from timmy_tui.core.errors import ThemeError
from timmy_tui.core.foreign.decode import Unreadable, decode_toml
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.settings import config_dir
from timmy_tui.model.stages.v34 import STAGES as V34_STAGES
from timmy_tui.model.stages.watched import STAGES

DEFAULT = "timmy-dark"
STAGE = "stage."
"""Prefix of the role of a stage's colour."""
GAP_KEY = "gap"
"""Stands for the unnamed time among them."""
OVER = " over "
"""Between two roles: the colour of the first is that of the glyph, the colour of the second that of the ground."""
LARGEST = 64 * 1024
"""Bytes: a theme file is two dozen lines."""
REQUIRED = ("text", "muted", "faint", "value", "good", "warn", "bad", "info")
FALLBACK: Mapping[str, str] = {
    "slower": "bad", "slower.slightly": "spark.slower.slightly", "faster": "good",
    "faster.slightly": "spark.faster.slightly", "failed": "headline",
    "title": "value", "headline": "value", "frozen": "warn", "key": "info", "quote": "muted", "label": "text",
    "cursor": "value", "spark": "info", "spark.gap": "faint", "spark.moved": "bad", "spark.began": "spark.moved",
    "spark.unjudged": "faint", "spark.slower": "spark.moved", "spark.slower.slightly": "warn", "spark.faster": "good",
    "spark.faster.slightly": "spark.faster", "spark.slower.began": "spark.slower",
    "spark.slower.slightly.began": "spark.slower.slightly", "spark.faster.began": "spark.faster",
    "spark.faster.slightly.began": "spark.faster.slightly", "bar.ghost": "muted", "bar.over": "bad",
    "bar.service": "info", "bar.setting": "faint", "bar.code": "text", "bar.hop": "info", "bar.hatch": "warn",
    "bar.hole": "bad", "bar.none": "faint", "bar.speech": "faint", "bar.track": "faint", "bar.prefill": "warn",
    "bar.decode": "bar.service", "bar.wait": "muted", "bar.load": "bad", "bar.reused": "good",
    "bar.evaluated": "bar.prefill", "bar.unknown": "muted", "bar.cut": "bad", "misleading": "info", "beam": "cursor",
    "band": "faint", "rule": "faint", "match": "warn", "skyline.cut": "value",
    "log.stt": f"{STAGE}stt_final", "log.v34": "text", "log.tts": f"{STAGE}tts",
    **{f"{STAGE}{stage.key}": f"bar.{stage.owner}" for stage in (*V34_STAGES, *STAGES) if stage.critical},
    **{f"{STAGE}{key}": role for key, role in {
        "endpointing": "faint", "mute": "faint", "tts": "good", "retrieve": "warn", GAP_KEY: "bar.hole",
    }.items()},
}  # fmt: skip
"""Role → the role that stands in for it where a theme leaves it out."""
TOOLKIT = (
    "background", "surface", "panel", "foreground", "primary", "secondary", "accent", "success", "warning", "error",
)  # fmt: skip
BEFORE_ANY: Mapping[str, str] = {"muted": "ansi_default"}
"""Our variables of Textual's styles, in a theme that is not ours: that of the moment before the first one is used."""
ATTRIBUTES = frozenset({"bold", "italic", "underline", "reverse", "on", "dim"})


class Palette(Struct, frozen=True, eq=False):
    """A theme that is ready: Textual's part, and a style for every role on the theme's background."""

    theme: Theme
    styles: Mapping[str, Style]
    path: Path

    @property
    def name(self) -> str:
        """As in the file."""
        return self.theme.name


def packaged_folder() -> Path:
    """Beside the package in a wheel, at the top level of a source tree."""
    package = Path(__file__).resolve().parents[2]
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def own_folder() -> Path:
    """The user's."""
    return config_dir() / "themes"


def load_themes(folders: Iterable[Path] | None = None) -> tuple[dict[str, Palette], list[str]]:
    """Every theme that can be used by name, and one sentence for each file that cannot.

    Later folders override earlier ones. When not even the default is there, a plain one is made up.
    """
    themes: dict[str, Palette] = {}
    problems: list[str] = []
    for folder in folders if folders is not None else (packaged_folder(), own_folder()):
        found, wrong = load_folder(folder)
        themes |= found
        problems += wrong
    if not themes:
        themes[DEFAULT] = plain_theme()
    return themes, problems


def load_folder(folder: Path) -> tuple[dict[str, Palette], list[str]]:
    """The themes of one folder, which need not exist, and a sentence for each file that is none."""
    themes: dict[str, Palette] = {}
    problems: list[str] = []
    try:
        paths = sorted(folder.glob("*.toml"))
    except OSError as error:
        return {}, [f"{clean(str(folder))}: {error.strerror}"]
    for path in paths:
        try:
            palette = load_theme(path)
        except ThemeError as error:
            problems.append(error.message)
        else:
            themes[palette.name] = palette
    return themes, problems


def packaged_names() -> list[str]:
    """Names of the packaged themes: each has that of its file, so that none is read for it."""
    try:
        return [path.stem for path in packaged_folder().glob("*.toml")]
    except OSError:
        return []


def packaged_theme(name: str) -> Palette | None:
    """The packaged theme of a name of ``packaged_names``; None where its file is not what was installed."""
    try:
        palette = load_theme(packaged_folder() / f"{name}.toml")
    except ThemeError:
        return None
    return palette if palette.name == name else None


def load_theme(path: Path) -> Palette:
    """Read one file. Raises ThemeError that names the file and the key."""
    where = clean(path.name)
    try:
        if path.stat().st_size > LARGEST:
            raise ThemeError(f"{where} is larger than a theme can be.")
        data = decode_toml(path.read_bytes())
    except OSError as error:
        raise ThemeError(f"{where} cannot be read: {clean(str(error), 120)}") from None
    if isinstance(data, Unreadable):
        raise ThemeError(f"{where} {clean(data.reason, 120)}.")
    palette = _table(data, "palette", where)
    toolkit = {key: _colour(palette.get(value, value), f"toolkit.{key}", where) for key, value in _toolkit(data, where)}
    roles = _table(data, "roles", where)
    styles = _styles(roles, palette, toolkit.get("background", ""), where)
    name = data.get("name", path.stem)
    if not isinstance(name, str) or not name.strip() or clean(name) != name:
        raise ThemeError(f"{where}: name must be plain text.")
    ansi = data.get("ansi", False) is True
    theme = Theme(
        name=name,
        primary=toolkit.get("primary", "ansi_blue"),
        secondary=toolkit.get("secondary"),
        warning=toolkit.get("warning"),
        error=toolkit.get("error"),
        success=toolkit.get("success"),
        accent=toolkit.get("accent"),
        foreground=toolkit.get("foreground"),
        background=toolkit.get("background"),
        surface=toolkit.get("surface"),
        panel=toolkit.get("panel"),
        dark=data.get("dark", True) is True,
        ansi=ansi,
        variables={**(_ansi_variables() if ansi else {}), **_variables(styles)},
    )
    return Palette(theme, styles, path)


def _variables(styles: Mapping[str, Style]) -> dict[str, str]:
    """What the toolkit's widgets take from our roles: rows under the cursor, selected text, quiet text."""
    cursor = styles["cursor"]
    front, ground = _css(cursor.color), _css(cursor.bgcolor)
    if cursor.reverse:
        front, ground = ground, front
    return {
        "block-cursor-foreground": front,
        "block-cursor-background": ground,
        "block-cursor-blurred-foreground": front,
        "block-cursor-blurred-background": ground,
        "input-selection-foreground": front,
        "input-selection-background": ground,
        "muted": _css(styles["muted"].color),
    }


def _css(colour: RichColor | None) -> str:
    """As Textual's styles have it."""
    if colour is None or colour.type in (ColorType.DEFAULT, ColorType.STANDARD):
        return f"ansi_{colour.name if colour else 'default'}"
    return colour.get_truecolor().hex


def _table(data: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    table = data.get(key, {})
    if not isinstance(table, dict):
        raise ThemeError(f"{where}: {key} must be a table.")
    for name, value in table.items():
        if not isinstance(value, str):
            raise ThemeError(f"{where}: {key}.{clean(name)} must be text.")
    return dict(table)


def _toolkit(data: Mapping[str, Any], where: str) -> list[tuple[str, str]]:
    table = _table(data, "toolkit", where)
    for key in table:
        if key not in TOOLKIT:
            raise ThemeError(f"{where}: unknown key toolkit.{clean(key)}.{_did_you_mean(key, TOOLKIT)}")
    return list(table.items())


def _did_you_mean(name: str, names: Sequence[str]) -> str:
    from timmy_tui.core.foreign.toml_problems import nearest

    near = nearest(name, names)
    return f" Did you mean {near}?" if near else ""


def _colour(value: str, key: str, where: str) -> str:
    try:
        Color.parse(value)
    except ToolkitColorError:
        raise ThemeError(f"{where}: {key} is not a colour: {clean(value, 40)}.") from None
    return value


def _styles(roles: Mapping[str, str], palette: Mapping[str, str], background: str, where: str) -> dict[str, Style]:
    for role in roles:
        if role not in FALLBACK and role not in REQUIRED:
            raise ThemeError(f"{where}: unknown role {clean(role, 40)}.{_did_you_mean(role, (*REQUIRED, *FALLBACK))}")
    for role in REQUIRED:
        if role not in roles:
            raise ThemeError(f"{where}: the role {role} is missing.")
    ground = background.removeprefix("ansi_") or "default"
    base = _style(roles["text"], palette, "text", where)
    base = Style(bgcolor=_style(f"on {ground}", {}, "background", where).bgcolor) + base
    styles: dict[str, Style] = {}
    for role in (*REQUIRED, *FALLBACK):
        source = role
        while source not in roles:
            source = FALLBACK[source]
        styles[role] = base + _style(roles[source], palette, role, where)
    for role in styles:
        if role.endswith(".began"):
            styles[role] += Style(reverse=True)
    return styles


def two_colours(role: str, styles: Mapping[str, Style]) -> Style:
    """The style of ``<role> over <role>``: the colours of both, and nothing else of them."""
    front, _, ground = role.partition(OVER)
    base = styles.get("text", Style.null())
    above, below = styles.get(front, base), styles.get(ground, base)
    return Style(color=above.color, bgcolor=below.color)


def is_monochrome(styles: Mapping[str, Style]) -> bool:
    """The stages have no three colours between them that differ."""
    return len({style.color for role, style in styles.items() if role.startswith(STAGE)}) < 3


def _style(spec: str, palette: Mapping[str, str], role: str, where: str) -> Style:
    words = [word if word in ATTRIBUTES else palette.get(word, word) for word in spec.split()]
    try:
        return Style.parse(" ".join(words))
    except (StyleSyntaxError, ColorParseError):
        raise ThemeError(f"{where}: the role {role} is not a style: {clean(spec, 40)}.") from None


def _ansi_variables() -> dict[str, str]:
    """What Textual's own styles ask of a theme in the terminal's colours; taken from its own such theme."""
    return dict(BUILTIN_THEMES["ansi-dark"].variables)


def plain_theme() -> Palette:
    """The terminal's own colours, for an installation whose theme files are gone."""
    roles = {"bad": "bold red", "warn": "yellow", "good": "green", "info": "cyan", "value": "bold"}
    styles = _styles({role: roles.get(role, "default") for role in REQUIRED}, {}, "", "built in")
    theme = Theme(
        name=DEFAULT,
        primary="ansi_blue",
        background="ansi_default",
        foreground="ansi_default",
        ansi=True,
        variables=_ansi_variables(),
    )
    return Palette(theme, styles, Path())
