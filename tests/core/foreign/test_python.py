"""v34's source is parsed without being run, and Python's own warnings about it stay away."""

import warnings

import pytest

from timmy_tui.core.foreign.python import check_compiles, literal, parse_python

WARNED_OF = b"x = '\\d'\nassert (x, 'always true')\nif x is 1: pass\n1if x else 2\n"


def test_python_warns_of_nothing_in_foreign_source() -> None:
    # pytest makes every warning an error, and so does this for whatever order the filters are in.
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        check_compiles(parse_python(WARNED_OF))
        assert literal("'\\d'") == "\\d"
    assert said == []
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        compile(WARNED_OF, "<another>", "exec")
    assert said, "other warnings are untouched"


@pytest.mark.parametrize("bad", ["(" * 500, "-" * 5000 + "1", "\0", "9" * 5000, "1 2", "f()", "", "x = 1", "1; 2"])
def test_whatever_is_wrong_is_a_syntax_error(bad: str) -> None:
    with pytest.raises(SyntaxError):
        literal(bad)


def test_what_only_the_compiler_refuses_is_one_too() -> None:
    with pytest.raises(SyntaxError):
        check_compiles(parse_python("return 1"))
