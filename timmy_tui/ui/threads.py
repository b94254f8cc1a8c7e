"""Blocking work away from the screen's thread, in threads that never keep the program from ending."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(function: Callable[..., Result], *arguments: object) -> Result:
    """Call in a daemon thread and await the result. asyncio's own pool would wait for a hung call at exit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result: Result | None = None
        failure: BaseException | None = None
        try:
            result = function(*arguments)
        except BaseException as error:
            failure = error
            raise
        finally:
            # The loop may be closed by now: then nobody waits for the result.
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=work, name=f"ui:{getattr(function, '__name__', 'work')}", daemon=True).start()
    return await future
