"""What the compiler turns into the original is no mutant, as ``pass`` for a last ``return``."""

from types import CodeType


def is_same_code(one: object, other: object) -> bool:
    """Instructions, names and constants of two modules or their parts are equal; line numbers may differ."""
    if not isinstance(one, CodeType) or not isinstance(other, CodeType):
        # By their text, because 0 equals False, and 0.0 equals -0.0.
        return type(one) is type(other) and repr(one) == repr(other)
    return (
        one.co_code == other.co_code
        and one.co_names == other.co_names
        and one.co_varnames == other.co_varnames
        and one.co_exceptiontable == other.co_exceptiontable
        and len(one.co_consts) == len(other.co_consts)
        and all(map(is_same_code, one.co_consts, other.co_consts))
    )
