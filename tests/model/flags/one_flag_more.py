"""Run by test_one_flag_more.py on a copy of the package whose table of flags has one row more, and nothing else."""

import sys
from pathlib import Path

import timmy_tui
from timmy_tui.analysis.compare.selections import select
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.llm.llm_requests import request_of
from timmy_tui.analysis.llm.miss_cause import broken_cause
from timmy_tui.analysis.llm.request_chain import ChainedRequest
from timmy_tui.analysis.stats.epochs import epochs_of
from timmy_tui.control.edit.transaction import apply, plan
from timmy_tui.control.flags.evidence import Evidence, evidence
from timmy_tui.control.flags.flag_files import PythonFlags
from timmy_tui.control.flags.readings import edit_of, find_flag, flag_states, parse_value
from timmy_tui.control.flags.verification import Verification
from timmy_tui.control.flags.written import WrittenFlags
from timmy_tui.core.settings import Settings
from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.model.flags.words import epoch_words
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.report.epochs import epoch_objects

package, root = Path(sys.argv[1]), Path(sys.argv[2])
assert Path(timmy_tui.__file__).is_relative_to(package)
config = root / "v34/config.py"
config.write_text(config.read_text() + "LENGTH_LIMIT = 40\n")
settings = Settings()


def turns(*limits: int | None) -> list[Turn]:
    """Two turns of a session each."""
    return [
        Turn(
            ordinal=2 * place + number,
            session=place,
            state=TurnState.COMPLETE,
            text_length=limit,
            started=100.0 + place,
        )
        for place, limit in enumerate(limits)
        for number in (0, 1)
    ]


# flags
(state,) = [one for one in flag_states(root, settings, turns(40, 50)) if one.key == "length-limit"]
assert (state.label, state.file_value, state.running_value, state.editable) == ("length limit", "40", "50", True)
assert state.meaning == "Characters that count."

# flip planning
flag = find_flag("LENGTH_LIMIT", root, settings)
(planned,) = plan([edit_of(flag, parse_value(flag, "50"), root)], root.parent / "backups")
assert [(one.name, one.old, one.new) for one in planned.literals] == [("LENGTH_LIMIT", "40", "50")]

# journal and files
(told,) = [one for one in WrittenFlags(PythonFlags(settings, root), None).look().written if one.flag == "length-limit"]
assert told.value == 40
apply([edit_of(flag, 50, root)], root.parent / "backups")
known = WrittenFlags(PythonFlags(settings, root), None).look()
assert [one.value for one in known.written if one.flag == "length-limit"] == [50]

# epochs, report
assert [epoch_words(one) for one in epochs_of(turns(40, 50)).epochs] == ["first turn", "restart, length limit 40→50"]
hidden = epoch_objects(epochs_of(turns(None)).epochs, KnownFlags())["flags_not_visible"]
assert "length-limit" in hidden

# detector
detector = RegressionDetector()
for turn in turns(40, 50):
    detector.add(turn)

# selections
assert [one.ordinal for one in select(turns(40, 50), "flag:length-limit=50")] == [2, 3]

# evidence, verification
assert evidence(flag, 50, turns(50)) == Evidence(2)
assert evidence(flag, 50, turns(40)).contradicts
assert Verification(((flag, 50),), 0).weigh(turns(40)) == (0, "length limit")

# miss cause
before, now = (request_of(turn) for turn in (turns(40)[0], turns(50)[1]))
assert broken_cause(ChainedRequest(now, previous=ChainedRequest(before))) == "length limit changed"
print("found everywhere")
