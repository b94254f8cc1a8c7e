"""What v34 asks of the language model now: its running session's own words first, then its config."""

from dataclasses import replace

from timmy_tui.doctor.files import sample_logs
from timmy_tui.sources.services.urls import ModelConfig
from timmy_tui.sources.timmy import Timmy


def wanted_model(timmy: Timmy) -> ModelConfig:
    """The config as it is now, with the model of the running session where the debug log names it."""
    config = timmy.services.reread().model
    return replace(config, model=sample_logs(timmy.installation, timmy.settings).model or config.model)
