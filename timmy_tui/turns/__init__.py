"""Events and facts of both logs become turns and sessions."""

from timmy_tui.turns.assembler import TurnAssembler

__all__ = ["TurnAssembler"]
