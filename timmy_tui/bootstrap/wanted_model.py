"""What v34 asks of the language model now: its running session's own words first, then its config."""

from dataclasses import replace

from timmy_tui.doctor.files import sample_logs
from timmy_tui.sources.services.urls import ModelConfig
from timmy_tui.sources.timmy import Timmy


def wanted_model(timmy: Timmy, config: ModelConfig) -> ModelConfig:
    """``config``, read just now, with the model of the running session where the debug log names it."""
    return replace(config, model=sample_logs(timmy.installation, timmy.settings).model or config.model)
