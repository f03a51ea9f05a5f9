"""`DispatcherConformance`: the contract of the `Dispatcher` port as a test suite.

Subclass it in a test module, say how one is made, and run pytest; the plugin that comes with anyio runs the
coroutines:

    class TestMyDispatcher(DispatcherConformance):
        def dispatcher(self, jobs: Jobs) -> Dispatcher:
            return MyDispatcher(jobs)
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from connect_hub.testing.tally import Tally
from connect_hub.worker.dispatcher import Dispatcher, Jobs

__all__ = ["DispatcherConformance", "Queue"]

PATIENCE = 30.0
"""Seconds; far more than any of this takes."""
_STOP_WITHIN = 10.0

Job = Callable[[], Awaitable[None]]


class Queue:
    """`Jobs` for a test: what is put in is given out once, to whoever asks first."""

    def __init__(self, *jobs: Job) -> None:
        self.waiting = list(jobs)
        self.faults: list[Exception] = []
        """Raised by the next looks, one each."""
        self.looks = Tally()

    async def claim(self) -> Sequence[Job]:
        self.looks.add()
        if self.faults:
            raise self.faults.pop(0)
        given, self.waiting = self.waiting, []
        return given


class DispatcherConformance:
    """Every clause of the port, and nothing of how it is fulfilled."""

    def dispatcher(self, jobs: Jobs) -> Dispatcher:
        """A new one, for these jobs."""
        raise NotImplementedError("say how a dispatcher of yours is made")

    async def test_it_begins_with_what_is_due(self) -> None:
        """Started, it needs no word to run what waits; started twice, it runs it once."""
        done = Tally()
        dispatcher = self.dispatcher(Queue(*[_counting(done)] * 9))
        dispatcher.start()
        dispatcher.start()
        await done.reached(9, PATIENCE)
        await dispatcher.stop()
        assert done.count == 9

    async def test_a_word_from_any_thread_brings_a_look(self) -> None:
        """`wake` neither blocks nor raises, whether it runs or not; while it runs, what has just become due
        is run."""
        done, queue = Tally(), Queue()
        dispatcher = self.dispatcher(queue)
        dispatcher.wake()
        dispatcher.start()
        await queue.looks.reached(1, PATIENCE)
        for number in range(1, 4):
            queue.waiting.append(_counting(done))
            await asyncio.to_thread(dispatcher.wake)
            await done.reached(number, PATIENCE)
        await dispatcher.stop()
        dispatcher.wake()

    async def test_one_that_hangs_holds_up_no_other(self) -> None:
        """R20: others are taken and run meanwhile."""
        gate, done, hung = asyncio.Event(), Tally(), Tally()

        async def hang() -> None:
            hung.add()
            await gate.wait()

        queue = Queue(hang, _counting(done))
        dispatcher = self.dispatcher(queue)
        dispatcher.start()
        await hung.reached(1, PATIENCE)
        await done.reached(1, PATIENCE)
        queue.waiting.append(_counting(done))
        dispatcher.wake()
        await done.reached(2, PATIENCE)
        gate.set()
        await dispatcher.stop()

    async def test_no_fault_ends_it(self) -> None:
        """R13: a look that fails, and a job whose outcome could not be written, are followed by the next."""
        done = Tally()

        async def fail() -> None:
            done.add()
            raise ConnectionError("the outcome was not written")

        queue = Queue(fail)
        queue.faults.append(ConnectionError("the database is away"))
        dispatcher = self.dispatcher(queue)
        dispatcher.start()
        await queue.looks.reached(1, PATIENCE)
        dispatcher.wake()
        await done.reached(1, PATIENCE)
        queue.waiting.append(_counting(done))
        dispatcher.wake()
        await done.reached(2, PATIENCE)
        await dispatcher.stop()

    async def test_several_share_the_jobs(self) -> None:
        """R3: any number may run at once; what one was given, no other runs."""
        done = Tally()
        queue = Queue(*[_counting(done)] * 20)
        crew = [self.dispatcher(queue) for _ in range(4)]
        for dispatcher in crew:
            dispatcher.start()
        await done.reached(20, PATIENCE)
        await asyncio.gather(*(dispatcher.stop() for dispatcher in crew))
        assert done.count == 20

    async def test_stopped_it_lets_what_runs_finish_and_takes_no_more(self) -> None:
        """R18: the job under way ends by itself; what becomes due afterwards is left. It may start again."""
        began, gate, done = asyncio.Event(), asyncio.Event(), Tally()

        async def slow() -> None:
            began.set()
            await gate.wait()
            done.add()

        queue = Queue(slow)
        dispatcher = self.dispatcher(queue)
        dispatcher.start()
        await began.wait()
        stopping = asyncio.create_task(dispatcher.stop())
        await asyncio.sleep(0)
        queue.waiting.append(_counting(done))
        gate.set()
        await stopping
        await dispatcher.stop()
        assert done.count == 1
        dispatcher.start()
        await done.reached(2, PATIENCE)
        await dispatcher.stop()

    async def test_stopped_it_hands_back_what_does_not_finish(self) -> None:
        """R18: a job that hangs is cancelled, and `stop` returns, before a supervisor loses its patience."""
        began, handed_back = asyncio.Event(), Tally()

        async def hang() -> None:
            began.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                handed_back.add()
                raise

        dispatcher = self.dispatcher(Queue(hang))
        dispatcher.start()
        await began.wait()
        async with asyncio.timeout(_STOP_WITHIN + PATIENCE):
            await dispatcher.stop()
        assert handed_back.count == 1


def _counting(tally: Tally) -> Job:
    async def job() -> None:
        tally.add()

    return job
