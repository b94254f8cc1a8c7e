"""Blocking calls in daemon threads, which never keep the program from ending."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from timmy_tui.core.running.threads import start_thread

Result = TypeVar("Result")


async def in_thread(function: Callable[..., Result], *arguments: object) -> Result:
    """Call in a daemon thread and await the result. asyncio's own pool would wait for a hung call at exit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def set_result(result: Result) -> None:
        if not future.done():
            future.set_result(result)

    def fail(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    def work() -> None:
        try:
            result = function(*arguments)
        except BaseException as error:  # noqa: BLE001 - not swallowed: it is raised where the result is awaited
            _post(loop, fail, error)
        else:
            _post(loop, set_result, result)

    start_thread(f"ui:{getattr(function, '__name__', 'work')}", work)
    return await future


def _post(loop: asyncio.AbstractEventLoop, call: Callable[..., None], value: object) -> None:
    """Pass a result to the loop; ignored when the loop has ended."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call, value)
