from __future__ import annotations

from synecore.tuning.clock import ManualClock, WallClock


def test_wall_clock_goes_on_from_its_start():
    clock = WallClock(start=100.0)
    first = clock.now()
    clock.sleep(0.01)
    assert 100.0 <= first < 101.0
    assert clock.now() >= first + 0.01


def test_manual_clock_moves_only_when_told():
    clock = ManualClock(5.0)
    assert clock.now() == 5.0
    clock.sleep(2.0)
    clock.advance_to(6.0)
    assert clock.now() == 7.0
    clock.advance_to(9.0)
    assert clock.now() == 9.0
