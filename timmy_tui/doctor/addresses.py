"""The check of the services' addresses: what cannot be used as it is written is named."""

from collections.abc import Iterator

from timmy_tui.core.foreign.addresses import ADVICE
from timmy_tui.doctor.result import FAIL, DoctorLine
from timmy_tui.sources.services.urls import ServiceUrls


def address_lines(urls: ServiceUrls) -> Iterator[DoctorLine]:
    """A line for each service whose address could not be taken, with the one that is asked in its place."""
    for service, reason in urls.unusable.items():
        text = f"{reason}; {urls.masked_url(service)} is asked"
        yield DoctorLine(service, FAIL, text, f"{ADVICE} Or set [services] {service} in the settings.")
