"""Every theme that we ship: what is read has contrast, and what differs in meaning differs to the eye."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import pytest
from rich.color import Color, ColorType
from rich.style import Style

from tests.ui.paint.colours import (
    ALL_COLOURS,
    COLOURS_256,
    DEPTHS,
    EYES,
    PALETTES_16,
    Depth,
    contrast,
    distance,
    lch,
    pair,
)
from timmy_tui.model.stages.watched import CRITICAL
from timmy_tui.ui.paint.themes import FALLBACK, GAP_KEY, OVER, STAGE, load_themes, packaged_folder, two_colours

THEMES = load_themes([packaged_folder()])[0]
SIXTEEN, FOR_ALL_EYES = "ansi16", "okabe-ito"
READ, HIGH, SEEN = 4.5, 7.0, 3.0
"""Least contrast of text (AA and AAA) and of graphics, by WCAG 2.2: 1.4.3, 1.4.6, 1.4.11."""
SEEN_OF_16 = 2.7
"""The dark grey of a Linux console has 2.8 on its black, that of GNOME 2.75."""
APART = 0.08
"""Least distance in OKLab between colours that differ in meaning: four times what is just seen."""
JUST_SEEN = 0.03
SLIGHTLY_APART = 0.06
"""The same for eyes that lack a kind of cones, and between more and less of one thing."""
LIKENESS = 0.04
"""Two themes whose colours are nearer to each other than this are one theme."""
HOLLOW = f"{STAGE}endpointing"
"""A setting, drawn as an outline and paler than all others on purpose."""
BACKGROUND = ("band", "beam", "bar.track", "skyline.cut", HOLLOW)
"""Grounds, marks behind the picture, and what stands on another ground than the theme's."""
STAGE_ROLES = tuple(f"{STAGE}{key}" for key in (*CRITICAL, GAP_KEY))
GRAPHICS = frozenset({
    *STAGE_ROLES, *BACKGROUND, "rule", *(role for role in FALLBACK if role.split(".")[0] == "spark"), "bar.ghost",
    "bar.setting", "bar.none", "bar.speech",
})  # fmt: skip
"""Roles without letters and digits; tests/ui/test_drawn_colours.py holds that nothing else is drawn in them."""
LARGE = ("stt_final", "classify", "store", "retrieve", "llm", "mute", "tts", GAP_KEY)
"""Stages of more than a few ms. A short one can be missing from a column, so that any two of these can meet."""
MEET = sorted({
    *combinations(LARGE, 2), *zip(CRITICAL, CRITICAL[1:], strict=False), *((key, GAP_KEY) for key in CRITICAL),
})  # fmt: skip
SHORT = {frozenset(two) for two in (("stt_final", "store"), ("classify", "tts"))}
"""In sixteen colours seven are left to eight stages, beside those of judgements and of warnings: the two of 30 and
40 ms have a white and a cyan that are near another in some palettes; other stages are always between these."""
JUDGED = ("slower", "slower.slightly", "faster", "faster.slightly")
JUDGEMENTS = (*JUDGED, *(f"spark.{role}" for role in JUDGED), "bar.over", "good", "bad")
"""What became slower or faster, and what is right or wrong."""
NEARLY_GREY, HUES_APART = 0.06, 25.0
"""Chroma in OKLCH below which a colour has no hue to speak of; degrees from which two hues are two colours."""
DEGREES = (("spark.slower", "spark.slower.slightly"), ("spark.faster.slightly", "spark.faster"))
"""The same meaning, by more or less than 100 ms, which is said in words too."""
DIFFER = (
    *combinations(("good", "warn", "bad"), 2),
    *(two for two in combinations(("spark.slower", "spark.slower.slightly", "spark", "spark.faster.slightly",
                                   "spark.faster"), 2) if two not in DEGREES),
    ("bar.prefill", "bar.decode"), ("bar.prefill", "bar.wait"), ("bar.decode", "bar.wait"), ("bar.load", "bar.prefill"),
    ("bar.load", "bar.wait"), ("bar.reused", "bar.evaluated"),
)  # fmt: skip
"""Roles that stand side by side in one row or list, and mean different things."""


def depths(name: str) -> Mapping[str, Depth]:
    return PALETTES_16 if name == SIXTEEN else DEPTHS


SERVICES_APART = 30.0
"""Degrees of hue between a service of the log and its stage: no more than what makes one colour lighter or darker."""
CASES = [(name, depth) for name in THEMES for depth in depths(name)]
"""(theme, what of its colours the terminal has)."""


def colour(style: Style, depth: Depth) -> Color:
    assert style.color is not None
    return depth(style.color)


def least_seen(name: str) -> float:
    return SEEN_OF_16 if name == SIXTEEN else SEEN


def test_the_shipped_themes_are_at_least_eight_of_every_kind() -> None:
    assert len(THEMES) >= 8
    assert sum(not palette.theme.dark for palette in THEMES.values()) >= 2
    assert {SIXTEEN, FOR_ALL_EYES, "high-contrast"} <= set(THEMES)


def test_no_two_themes_look_alike() -> None:
    """On average over what covers most of the screen."""
    looks = {
        name: [pair(palette.styles["text"], DEPTHS[ALL_COLOURS])[1]]
        + [colour(palette.styles[role], DEPTHS[ALL_COLOURS]) for role in ("good", "warn", "bad", "title", *STAGE_ROLES)]
        for name, palette in THEMES.items()
    }
    far = {
        (one, other): sum(distance(a, b) for a, b in zip(looks[one], looks[other], strict=True)) / len(looks[one])
        for one, other in combinations(looks, 2)
    }
    assert {names: apart for names, apart in far.items() if apart < LIKENESS} == {}


@pytest.mark.parametrize(("name", "depth"), CASES)
def test_what_is_read_stands_out_from_its_ground(name: str, depth: str) -> None:
    styles = THEMES[name].styles
    ratios = {role: contrast(pair(styles[role], depths(name)[depth])) for role in styles if role not in GRAPHICS}
    assert {role: ratio for role, ratio in ratios.items() if ratio < READ} == {}


@pytest.mark.parametrize(("name", "depth"), [("high-contrast", one) for one in DEPTHS] + [("daylight", ALL_COLOURS)])
def test_two_themes_have_a_high_contrast(name: str, depth: str) -> None:
    """The light one in all colours: of 256, the dark yellow nearest to its amber has 6.7."""
    styles = THEMES[name].styles
    ratios = {role: contrast(pair(styles[role], DEPTHS[depth])) for role in styles if role not in GRAPHICS}
    assert {role: ratio for role, ratio in ratios.items() if ratio < HIGH} == {}


@pytest.mark.parametrize(("name", "depth"), CASES)
def test_what_is_drawn_can_be_seen(name: str, depth: str) -> None:
    styles, shown = THEMES[name].styles, depths(name)[depth]
    ground = pair(styles["text"], shown)[1]
    ratios = {role: contrast((colour(styles[role], shown), ground)) for role in GRAPHICS - set(BACKGROUND)}
    assert {role: ratio for role, ratio in ratios.items() if ratio < least_seen(name)} == {}
    assert contrast((colour(styles[HOLLOW], shown), ground)) >= 1.5


@pytest.mark.parametrize(("name", "depth"), CASES)
def test_the_cursors_row_and_the_usual_range_stand_out_from_the_ground(name: str, depth: str) -> None:
    """In 256 colours too, where what is nearly grey can become black or green. A range without a ground is dotted."""
    styles, shown = THEMES[name].styles, depths(name)[depth]
    band = styles["band"]
    grounds = [styles["cursor"], *([band] if band.color == band.bgcolor else [])]
    ground = pair(styles["text"], shown)[1]
    assert min(distance(pair(style, shown)[1], ground) for style in grounds) >= JUST_SEEN


@pytest.mark.parametrize(("name", "depth"), CASES)
def test_the_sign_of_a_cut_column_can_be_seen_on_every_stage(name: str, depth: str) -> None:
    styles, shown = THEMES[name].styles, depths(name)[depth]
    tops = [role for role in STAGE_ROLES if role != HOLLOW]
    ratios = {role: contrast(pair(two_colours(f"skyline.cut{OVER}{role}", styles), shown)) for role in tops}
    assert {role: ratio for role, ratio in ratios.items() if ratio < least_seen(name)} == {}


@pytest.mark.parametrize(("name", "depth"), CASES)
def test_stages_that_can_meet_and_states_are_told_apart(name: str, depth: str) -> None:
    styles, shown = THEMES[name].styles, depths(name)[depth]
    meet = [two for two in MEET if name != SIXTEEN or frozenset(two) not in SHORT]
    two = [*((f"{STAGE}{a}", f"{STAGE}{b}") for a, b in meet), *DIFFER]
    far = {(a, b): distance(colour(styles[a], shown), colour(styles[b], shown)) for a, b in two}
    assert {names: apart for names, apart in far.items() if apart < APART} == {}
    degrees = [distance(colour(styles[a], shown), colour(styles[b], shown)) for a, b in DEGREES]
    assert min(degrees) >= SLIGHTLY_APART


@pytest.mark.parametrize(("name", "depth"), CASES)
def test_no_stage_has_the_hue_of_a_judgement(name: str, depth: str) -> None:
    """Red is what became slower and nothing else, green what became faster: TTS was as green, the gap nearly as red."""
    styles, shown = THEMES[name].styles, depths(name)[depth]
    alike = {}
    for stage in (role for role in STAGE_ROLES if role != HOLLOW):
        for judgement in JUDGEMENTS:
            (chroma, hue), (other, its) = (lch(colour(styles[role], shown)) for role in (stage, judgement))
            apart = abs((hue - its + 180) % 360 - 180)
            if min(chroma, other) >= NEARLY_GREY and apart < HUES_APART:
                alike[stage, judgement] = round(apart)
    assert alike == {}


@pytest.mark.parametrize("depth", PALETTES_16)
def test_a_quiet_row_has_the_hue_of_no_stage_in_sixteen_colours(depth: str) -> None:
    """All of them were the bright blue of the LLM. White is the text's, and says nothing."""
    assert lch(colour(THEMES[SIXTEEN].styles["spark"], PALETTES_16[depth]))[0] < NEARLY_GREY


@pytest.mark.parametrize("depth", PALETTES_16)
@pytest.mark.parametrize("small", ["prompt", "reply"])
def test_a_small_stage_is_not_taken_for_store_in_sixteen_colours(small: str, depth: str) -> None:
    """Without retrieval the prompt is next to store, and both were white."""
    styles, shown = THEMES[SIXTEEN].styles, PALETTES_16[depth]
    one, other = (colour(styles[f"{STAGE}{key}"], shown) for key in (small, "store"))
    assert distance(one, other) >= APART


@pytest.mark.parametrize("name", THEMES)
def test_a_failed_turn_has_a_look_that_no_judgement_has(name: str) -> None:
    """Its colours the other way round: also where there are few colours, or none."""
    styles = THEMES[name].styles
    depth = next(iter(depths(name).values()))
    failed, text = pair(styles["failed"], depth), pair(styles["text"], depth)
    assert contrast((failed[1], text[1])) >= HIGH
    assert {
        judgement: 1 for judgement in JUDGEMENTS if contrast((pair(styles[judgement], depth)[1], text[1])) > 1
    } == {}


@pytest.mark.parametrize("eyes", [name for name, matrix in EYES.items() if matrix is not None])
@pytest.mark.parametrize("depth", DEPTHS)
def test_one_theme_is_told_apart_without_red_or_green_cones(depth: str, eyes: str) -> None:
    styles, shown = THEMES[FOR_ALL_EYES].styles, DEPTHS[depth]
    two = [*((f"{STAGE}{a}", f"{STAGE}{b}") for a, b in MEET), *DIFFER]
    far = {(a, b): distance(colour(styles[a], shown), colour(styles[b], shown), eyes) for a, b in two}
    assert {names: apart for names, apart in far.items() if apart < SLIGHTLY_APART} == {}


def test_the_measure_finds_red_and_green_alike_without_green_cones() -> None:
    """The classic pair, of about the same lightness; blue and orange stay apart."""
    red, green, blue, orange = (Color.parse(text) for text in ("#b04a3a", "#6e7030", "#3060c0", "#e08020"))
    assert distance(red, green) > APART > SLIGHTLY_APART > distance(red, green, "deuteranopia")
    assert distance(blue, orange, "deuteranopia") > 2 * APART and distance(blue, orange, "protanopia") > 2 * APART


def test_the_contrast_is_that_of_wcag() -> None:
    black, white, grey = (Color.parse(text) for text in ("#000000", "#ffffff", "#767676"))
    assert contrast((black, white)) == contrast((white, black)) == pytest.approx(21)
    assert contrast((grey, white)) == pytest.approx(4.54, abs=0.01)


def test_the_theme_of_sixteen_colours_has_no_others_and_none_that_a_bold_letter_changes() -> None:
    """A Linux console shows bold black as dark grey."""
    styles = THEMES[SIXTEEN].styles
    used = [one for style in styles.values() for one in (style.color, style.bgcolor) if one is not None]
    assert {one.type for one in used} == {ColorType.STANDARD}
    assert all(not style.bold or colour(style, lambda one: one).number not in (0, None) for style in styles.values())
    grounds = [style.bgcolor.number for style in styles.values() if style.bgcolor is not None]
    assert max(number for number in grounds if number is not None) < 8, "a bright ground is a dark one on a console"


def test_colours_of_256_are_what_rich_writes() -> None:
    assert DEPTHS[COLOURS_256](Color.parse("#ff8787")).number == 210


@pytest.mark.parametrize("name", sorted(set(THEMES) - {SIXTEEN}))
def test_a_service_of_the_log_has_the_colour_of_its_stage_and_of_no_judgement(name: str) -> None:
    """STT had that of TTS, TTS that of the LLM, and v34 the green of what is faster in sixteen colours."""
    for service, stage in (("stt", "stt_final"), ("tts", "tts")):
        shown = DEPTHS[ALL_COLOURS]
        hues = [lch(colour(THEMES[name].styles[role], shown))[1] for role in (f"log.{service}", f"{STAGE}{stage}")]
        apart = abs(hues[0] - hues[1])
        assert min(apart, 360 - apart) < SERVICES_APART


def test_so_it_is_in_sixteen_colours() -> None:
    styles = THEMES[SIXTEEN].styles
    assert styles["log.stt"].color == styles[f"{STAGE}stt_final"].color
    assert styles["log.tts"].color == styles[f"{STAGE}tts"].color
    assert styles["log.v34"].color == styles["text"].color
