"""The table of stages of the system that this process watches: v34's, or that of another one by its profile.

Analysis, reports and screens go by this table and by no other. It is fixed when this module is first imported.
"""

from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.table import GAP as GAP
from timmy_tui.model.stages.table import GPU as GPU
from timmy_tui.model.stages.table import PROMPT_CACHE as PROMPT_CACHE
from timmy_tui.model.stages.table import SOFT_MS as SOFT_MS
from timmy_tui.model.stages.table import UNATTRIBUTED as UNATTRIBUTED
from timmy_tui.model.stages.table import UNATTRIBUTED_LABEL as UNATTRIBUTED_LABEL
from timmy_tui.model.stages.table import V2V as V2V
from timmy_tui.model.stages.table import Covariate as Covariate
from timmy_tui.model.stages.table import Stage as Stage

TABLE = watched().stages

STAGES = TABLE.rows
BY_KEY = TABLE.by_key
KEYS = TABLE.keys
CRITICAL = TABLE.critical
TOP = TABLE.top
SETTINGS = TABLE.settings
OUTSIDE = TABLE.outside
HOPS = TABLE.hops
NETWORK = TABLE.network
REQUEST = TABLE.request
GPU_STAGES = TABLE.gpu
GROUPS = TABLE.groups
PARTS = TABLE.parts
SPLIT = TABLE.split
TRENDS = TABLE.trends
IN_ORDER = TABLE.in_order
label = TABLE.label
top_of = TABLE.top_of
parts_of_headline = TABLE.parts_of_headline
with_parts = TABLE.with_parts
