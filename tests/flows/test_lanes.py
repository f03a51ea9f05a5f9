"""Room for deliveries: in all, and for each target."""

import asyncio

from connect_hub.flows.lanes import Lanes
from connect_hub.testing.tally import Tally

PATIENCE = 30.0


def test_a_target_has_its_lane_and_all_have_the_places() -> None:
    """R20: no target has more under way than its lane, and all together not more than there are places."""
    lanes = Lanes(places=5, lane=3)
    assert dict(lanes.room(["a", "b"])) == {"a": 3, "b": 3}
    for target in ("a", "a", "a", "b"):
        lanes.enter(target)
    assert lanes.free == 1
    assert dict(lanes.room(["a", "b"])) == {"b": 2}
    lanes.leave("a", well=True)
    assert lanes.free == 2
    assert dict(lanes.room(["a"])) == {"a": 1}


def test_a_lane_narrows_with_trouble_and_widens_with_success() -> None:
    """R20: a target that hangs or fails holds one place before long; once it answers again, it gets its
    places back one by one."""
    lanes = Lanes(places=64, lane=8, ahead=0)
    widths = []
    for well in (False, False, False, False, True, True, False, *[True] * 8):
        lanes.enter("a")
        lanes.leave("a", well=well)
        widths.append(lanes.room(["a"])["a"])
    assert widths == [4, 2, 1, 1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, 8]


def test_a_lane_that_narrowed_below_what_is_under_way_has_no_room() -> None:
    """A narrowed lane takes nothing until as many have ended."""
    lanes = Lanes(places=64, lane=8, ahead=0)
    for _ in range(8):
        lanes.enter("a")
    for left in range(8):
        assert "a" not in lanes.room(["a"]), left
        lanes.leave("a", well=False)
    assert dict(lanes.room(["a"])) == {"a": 1}


def test_no_target_always_comes_first() -> None:
    """R20: with more targets than places each comes to be the first one."""
    lanes = Lanes()
    firsts = {next(iter(lanes.room("abc"))) for _ in range(200)}
    assert firsts == {"a", "b", "c"}


def test_few_targets_have_places_before_their_lanes() -> None:
    """A target that has answered gets its next ones beforehand; not one in trouble, and not where the targets
    are so many that these would take the places of others."""
    lanes = Lanes(places=64, lane=8, ahead=8)
    assert dict(lanes.room(["a", "b"])) == {"a": 8, "b": 8}
    for target in "abcdefg":
        lanes.enter(target)
        lanes.leave(target, well=True)
    assert dict(lanes.room(["a", "b"])) == {"a": 16, "b": 16}
    assert set(lanes.room("abcdefg").values()) == {8}
    lanes.enter("a")
    lanes.leave("a", well=False)
    assert dict(lanes.room(["a", "b"])) == {"a": 4, "b": 16}


def test_places_before_a_lane_are_given_out_many_at_a_time() -> None:
    """A worker asks the database again when half of what waits has had its turn."""
    lanes = Lanes(places=64, lane=8, ahead=24)
    lanes.enter("a")
    lanes.leave("a", well=True)
    for _ in range(32):
        lanes.enter("a")
    room = []
    for _ in range(13):
        lanes.leave("a", well=True)
        room.append(lanes.room(["a"]).get("a", 0))
    assert room == [0] * 11 + [12, 13]


def test_no_more_wait_than_soon_have_their_turn() -> None:
    """R20: what a slow target would keep waiting is left to other workers, who may be free."""
    waiting = []
    for took in (0.001, 0.1, 0.5, 1.9):
        lanes = Lanes(places=64, lane=8, ahead=24)
        lanes.enter("a")
        lanes.leave("a", well=True, took=took)
        waiting.append(lanes.room(["a"])["a"] - 8)
    assert waiting == [24, 16, 3, 0]


async def test_no_more_are_tried_at_once_than_the_lane_is_wide() -> None:
    """R20: what was taken beforehand waits for its turn, and gets it when one before it has ended."""
    lanes, inside, gate = Lanes(places=64, lane=2, ahead=2), Tally(), asyncio.Event()
    waited: list[bool] = []

    async def attempt() -> None:
        lanes.enter("a")
        try:
            async with lanes.turn("a") as had_to:
                waited.append(had_to)
                inside.add()
                await gate.wait()
        finally:
            lanes.leave("a", well=True)

    tasks = [asyncio.create_task(attempt()) for _ in range(4)]
    await inside.reached(2, PATIENCE)
    for _ in range(10):
        await asyncio.sleep(0)
    assert inside.count == 2
    tasks[3].cancel()
    gate.set()
    await asyncio.wait(tasks)
    assert waited == [False, False, True]
    assert lanes.free == 64
