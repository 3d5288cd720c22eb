"""Transport: state, position, timebase masters and slow-sync clients."""

import subprocess
import threading
import time
import warnings

import pytest
from peers import Cycle, Peer, Program

import jack


@pytest.fixture(autouse=True)
def stopped_transport(server, wait_until):
    """The transport stands at frame 0 before the test, and after it."""

    def reset():
        with jack.Client('resetter') as resetter:
            resetter.set_sync_timeout(2_000_000)
            resetter.transport_stop()
            resetter.transport_frame = 0
            wait_until(
                lambda: (
                    resetter.transport_state == jack.STOPPED
                    and resetter.transport_frame == 0
                ),
                message='the transport stands at 0',
            )

    reset()
    yield
    reset()


@pytest.fixture
def patience(lacks):
    """How long a callback in the cycle may take: JACK 1 throws out the late.
    """
    return 0.1 if lacks('patience with late clients') else 2


def bbt(pos):
    """Fill in bar, beat and tick: 4/4 at 120 bpm and 48000 frames/s.

    Not with ``pos.frame_rate``: JACK 2 gives 0 after a server's first
    relocation.
    """
    beats, pos.tick = divmod(pos.frame * 960 // 24000, 960)
    bars, beat = divmod(beats, 4)
    pos.bar, pos.beat = bars + 1, beat + 1
    pos.bar_start_tick = bars * 4 * 960
    pos.beats_per_bar = pos.beat_type = 4
    pos.ticks_per_beat = 960
    pos.beats_per_minute = 120
    pos.valid = jack.POSITION_BBT


# -- State --------------------------------------------------------------------


@pytest.mark.usefixtures('active_client')
def test_the_transport_starts_and_stops(client, wait_until):
    assert client.transport_state == jack.STOPPED
    client.transport_start()
    wait_until(lambda: client.transport_state == jack.ROLLING)
    client.transport_stop()
    wait_until(lambda: client.transport_state == jack.STOPPED)


@pytest.mark.usefixtures('active_client')
def test_the_transport_moves_while_drivers_change(client, make_client):
    """PipeWire 1.4 gives clients another driver for freewheel mode."""
    other = make_client()
    other.activate()
    for frame in range(100):
        other.set_freewheel(True)
        other.set_freewheel(False)
        deadline = time.monotonic() + 0.005
        while time.monotonic() < deadline:
            client.transport_frame = frame


def test_the_state_is_a_transport_state(client):
    assert type(client.transport_state) is jack.TransportState
    assert str(client.transport_state) == 'jack.STOPPED'


@pytest.mark.usefixtures('active_client')
def test_all_clients_see_the_same_transport(client, make_client, wait_until):
    other = make_client()
    other.activate()
    client.transport_start()
    wait_until(lambda: other.transport_state == jack.ROLLING)
    other.transport_stop()
    wait_until(lambda: client.transport_state == jack.STOPPED)


def test_the_state_is_read_only(client):
    with pytest.raises(AttributeError):
        client.transport_state = jack.ROLLING


# -- Position -----------------------------------------------------------------


@pytest.mark.usefixtures('active_client')
def test_setting_the_frame_moves_the_transport(client, wait_until):
    client.transport_frame = 12345
    wait_until(lambda: client.transport_frame == 12345)
    assert type(client.transport_frame) is int


@pytest.mark.usefixtures('active_client')
def test_the_frame_stands_still_while_stopped(client, wait_until):
    client.transport_frame = 100
    wait_until(lambda: client.transport_frame == 100)
    begin = client.frame_time
    wait_until(lambda: client.frame_time - begin > 5 * client.blocksize)
    assert client.transport_frame == 100


@pytest.mark.usefixtures('active_client')
def test_the_frame_moves_on_while_rolling(client, wait_until):
    client.transport_frame = 48000
    wait_until(lambda: client.transport_frame == 48000)
    client.transport_start()
    wait_until(lambda: client.transport_frame > 50000)
    first, time_first = client.transport_frame, client.frame_time
    wait_until(lambda: client.transport_frame > first + 9600)
    moved = client.transport_frame - first
    passed = client.frame_time - time_first
    # At the speed of the sample rate, but for the jitter of both clocks.
    assert abs(moved - passed) < 4800


@pytest.mark.usefixtures('active_client')
def test_transport_locate_still_works(client, wait_until):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', DeprecationWarning)
        client.transport_locate(4321)
    wait_until(lambda: client.transport_frame == 4321)


@pytest.mark.parametrize('frame', [-1, 2**32, 2**64], ids=str)
def test_a_frame_out_of_range_is_a_value_error(client, frame):
    with pytest.raises(ValueError):
        client.transport_frame = frame
    with pytest.raises(ValueError):
        client.transport_reposition(frame)
    assert client.transport_frame == 0


@pytest.mark.parametrize('frame', [None, '1', 1.5, b'1'], ids=repr)
def test_a_frame_that_is_no_integer_is_a_type_error(client, frame):
    with pytest.raises(TypeError):
        client.transport_frame = frame
    assert client.transport_frame == 0


@pytest.mark.usefixtures('active_client')
def test_the_last_frame_of_all_can_be_reached(client, wait_until):
    client.transport_frame = 2**32 - 1
    wait_until(lambda: client.transport_frame == 2**32 - 1)


@pytest.mark.needs('a start at the new position')
def test_the_transport_starts_where_it_was_moved(client, wait_until):
    seen = []

    @client.set_process_callback
    def process(frames):
        state, pos = client.transport_query_struct()
        seen.append((state, pos.frame))

    client.activate()
    client.transport_frame = 24000
    client.transport_start()
    wait_until(lambda: jack.ROLLING in {state for state, _ in seen})
    client.transport_stop()
    client.deactivate()
    rolling = [frame for state, frame in seen if state == jack.ROLLING]
    assert rolling[0] >= 24000


@pytest.mark.parametrize(
    'move',
    [
        lambda client: setattr(client, 'transport_frame', 24000),
        lambda client: client.transport_reposition(24000),
    ],
    ids=['set', 'reposition'],
)
def test_the_transport_is_moved_by_clients_that_leave_at_once(
    client, make_client, wait_until, move
):
    with client, make_client() as mover:
        move(mover)
        mover.close()
        wait_until(lambda: client.transport_frame == 24000)


def test_an_inactive_client_moves_the_transport_or_says_that_it_cannot(
    client, make_client, lacks, wait_until
):
    with make_client() as active:
        if lacks('requests of inactive clients'):
            for move in (
                client.transport_start,
                client.transport_stop,
                lambda: setattr(client, 'transport_frame', 24000),
                lambda: client.transport_reposition(24000),
            ):
                with pytest.raises(jack.JackError, match='must be active'):
                    move()
            return
        client.transport_frame = 24000
        wait_until(lambda: active.transport_frame == 24000)
        client.transport_start()
        wait_until(lambda: active.transport_state == jack.ROLLING)
        client.transport_stop()
        wait_until(lambda: active.transport_state == jack.STOPPED)


# -- Queries ------------------------------------------------------------------


@pytest.mark.usefixtures('active_client')
def test_transport_query_returns_state_and_dict(client, server, wait_until):
    client.transport_frame = 777
    wait_until(lambda: client.transport_frame == 777)
    state, position = client.transport_query()
    assert type(state) is jack.TransportState
    assert state == jack.STOPPED
    assert type(position) is dict
    assert position['frame'] == 777
    assert position['frame_rate'] == server.samplerate
    assert position['usecs'] > 0
    assert 'bar' not in position


@pytest.mark.usefixtures('active_client')
def test_transport_query_struct_returns_int_and_struct(
    client, server, wait_until
):
    client.transport_frame = 778
    wait_until(lambda: client.transport_frame == 778)
    state, position = client.transport_query_struct()
    assert type(state) is int
    assert state == jack.STOPPED
    assert position.frame == 778
    assert position.frame_rate == server.samplerate
    assert position.unique_1 == position.unique_2
    assert jack._ffi.typeof(position[0]) is jack._ffi.typeof('jack_position_t')


@pytest.mark.usefixtures('active_client')
def test_each_query_returns_a_struct_of_its_own(client, wait_until):
    _, first = client.transport_query_struct()
    client.transport_frame = 999
    wait_until(lambda: client.transport_query_struct()[1].frame == 999)
    assert first.frame == 0


@pytest.mark.usefixtures('active_client')
def test_queries_are_never_torn_while_the_position_changes(client):
    client.transport_start()
    deadline = time.monotonic() + 1
    count = 0
    while time.monotonic() < deadline:
        _, position = client.transport_query_struct()
        assert position.unique_1 == position.unique_2
        count += 1
    assert count > 1000


def test_a_query_in_the_cycle_gives_the_cycles_first_frame(client, wait_until):
    frames = []

    @client.set_process_callback
    def process(_):
        state, position = client.transport_query_struct()
        if state == jack.ROLLING:
            frames.append(position.frame)

    size = client.blocksize
    with client:
        client.transport_start()
        wait_until(
            lambda: (
                len(frames) > 25
                and frames[-21:] == [frames[-21] + n * size for n in range(21)]
            ),
            10,
            'steady positions',
        )
    assert all(frame % size == 0 for frame in frames)


# -- Repositioning ------------------------------------------------------------


@pytest.mark.usefixtures('active_client')
def test_a_struct_can_be_sent_back(client, lacks, wait_until):
    _, position = client.transport_query_struct()
    position.frame = 24000
    bbt(position)
    client.transport_reposition_struct(position)
    wait_until(lambda: client.transport_frame == 24000)
    if lacks('positions that are more than a frame'):
        return
    _, result = client.transport_query()
    assert (result['bar'], result['beat'], result['tick']) == (1, 2, 0)
    assert result['beats_per_minute'] == 120


@pytest.mark.needs('positions that are more than a frame')
@pytest.mark.usefixtures('active_client')
def test_repositioning_takes_fields_as_keywords(client, wait_until):
    client.transport_reposition(
        frame=4800,
        bar=7,
        beat=2,
        tick=12,
        beats_per_bar=3.0,
        beat_type=8.0,
        ticks_per_beat=960.0,
        beats_per_minute=98.5,
    )
    wait_until(lambda: client.transport_frame == 4800)
    _, result = client.transport_query()
    assert {
        name: result[name]
        for name in (
            'bar',
            'beat',
            'tick',
            'beats_per_bar',
            'beat_type',
            'ticks_per_beat',
            'beats_per_minute',
        )
    } == {
        'bar': 7,
        'beat': 2,
        'tick': 12,
        'beats_per_bar': 3.0,
        'beat_type': 8.0,
        'ticks_per_beat': 960.0,
        'beats_per_minute': 98.5,
    }
    assert 'frame_time' not in result


@pytest.mark.usefixtures('active_client')
def test_repositioning_to_a_frame_alone(client, wait_until):
    client.transport_reposition(96000)
    wait_until(lambda: client.transport_frame == 96000)


@pytest.mark.needs('positions that are more than a frame')
@pytest.mark.usefixtures('active_client')
def test_repositioning_without_a_frame_stays_there(client, wait_until):
    client.transport_frame = 100
    wait_until(lambda: client.transport_frame == 100)
    client.transport_reposition(frame_time=2.5, next_time=2.75)
    wait_until(lambda: 'frame_time' in client.transport_query()[1])
    _, result = client.transport_query()
    assert result['frame'] == 100
    assert (result['frame_time'], result['next_time']) == (2.5, 2.75)


@pytest.mark.needs('positions that are more than a frame')
@pytest.mark.usefixtures('active_client')
def test_a_field_of_a_dict_from_a_query_can_be_sent(client, wait_until):
    client.transport_reposition(frame=10, bar=3, beats_per_minute=90.0)
    wait_until(lambda: client.transport_frame == 10)
    _, result = client.transport_query()
    assert result['bar'] == 3
    assert result['beats_per_minute'] == 90


@pytest.mark.needs('positions that are more than a frame')
@pytest.mark.usefixtures('active_client')
def test_the_dict_from_a_query_can_be_sent(client, wait_until):
    client.transport_reposition(frame=10, bar=3)
    wait_until(lambda: client.transport_frame == 10)
    _, position = client.transport_query()
    client.transport_reposition(**{**position, 'frame': 20})
    wait_until(lambda: client.transport_frame == 20)
    assert client.transport_query()[1]['bar'] == 3


@pytest.mark.needs('positions that are more than a frame')
@pytest.mark.usefixtures('active_client')
def test_fields_that_nobody_has_set_are_zero(client, wait_until):
    # After that, JACK's memory for the others may hold anything.
    client.transport_frame = 5
    wait_until(lambda: client.transport_frame == 5)
    client.transport_reposition(frame=7, bar=2, beat=1)
    wait_until(lambda: client.transport_frame == 7)
    _, position = client.transport_query()
    assert (position['bar'], position['beat']) == (2, 1)
    for field in 'tick', 'beats_per_bar', 'beat_type', 'beats_per_minute':
        assert position[field] == 0, field


def test_an_integer_field_asks_for_an_integer(client):
    with pytest.raises(TypeError, match='bar must be an integer, not float'):
        client.transport_reposition(bar=1.5)


@pytest.mark.parametrize(
    'fields',
    [
        {'barr': 1},
        {'bar': 'one'},
        {'bar': None},
        {'beats_per_minute': 'x'},
        {'padding': 1},
    ],
    ids=repr,
)
def test_fields_that_do_not_exist_or_fit_are_refused(client, fields):
    with pytest.raises(TypeError):
        client.transport_reposition(frame=5, **fields)
    assert client.transport_frame == 0


def test_a_field_out_of_range_is_refused(client):
    with pytest.raises((ValueError, OverflowError)):
        client.transport_reposition(bar=2**40)
    assert 'bar' not in client.transport_query()[1]


@pytest.mark.parametrize('bad', [None, 5, {}, 'pos', ...], ids=repr)
def test_repositioning_to_what_is_no_struct_is_a_type_error(client, bad):
    with pytest.raises(TypeError):
        client.transport_reposition_struct(bad)


def test_a_null_struct_is_refused(run_python):
    run_python("""
        import jack

        client = jack.Client('null')
        null = jack._ffi.cast('jack_position_t *', 0)
        for function in client.transport_reposition_struct, jack.position2dict:
            try:
                function(null)
            except (TypeError, ValueError, jack.JackError):
                continue
            raise AssertionError(function)
        client.close()
    """)


# -- Timebase -----------------------------------------------------------------


def half_a_beat(lacks):
    """What half a beat of `bbt` arrives as, in ticks."""
    return 960 if lacks('ticks as they are counted') else 480


def test_the_timebase_masters_data_reach_another_process(
    server, client, lacks, wait_until
):
    tick = half_a_beat(lacks)
    client.set_timebase_callback(lambda state, size, pos, new: bbt(pos))
    with (
        Peer(
            server,
            """
        import sys
        import jack

        client = jack.Client('far-reader')
        client.activate()
        for line in sys.stdin:
            state, position = client.transport_query()
            print('bbt', *(position.get(name) for name in
                           ('frame', 'bar', 'beat', 'tick')), flush=True)
        client.close()
    """,
        ) as peer,
        client,
    ):
        # Two bars, one beat and half a beat, at 24000 frames per beat.
        client.transport_frame = 24000 * 9 + 12000
        wait_until(lambda: client.transport_frame == 228000)

        def seen():
            peer.tell('?')
            return peer.hear('bbt') == f'228000 3 2 {tick}'

        wait_until(seen)


def test_the_timebase_callback_runs_after_process_in_its_thread(
    client, events
):
    @client.set_process_callback
    def process(frames):
        events.put(('process', threading.get_ident()))

    @client.set_timebase_callback()
    def timebase(state, blocksize, pos, new_pos):
        # PipeWire calls it once before, and not in each cycle until then.
        if state == jack.ROLLING:
            events.put(('timebase', threading.get_ident()))

    with client:
        client.transport_start()
        events.wait_for(lambda event: event[0] == 'timebase')
        pairs = [events.next() for _ in range(20)]
    assert [kind for kind, _ in pairs] == ['process', 'timebase'] * 10
    assert len({thread for _, thread in pairs}) == 1


def test_the_timebase_callback_rests_while_the_transport_does(client, events):
    calls = []
    cycle = Cycle(client)
    client.set_timebase_callback(lambda *args: calls.append(args[3]))
    with client:
        while not calls:
            cycle.run(lambda: None)
        settled = len(calls)
        for _ in range(10):
            cycle.run(lambda: None)
        assert len(calls) <= settled + 2
        assert calls[0] is True
        client.transport_start()
        while len(calls) < settled + 10:
            cycle.run(lambda: None)
        assert calls[-1] is False


def test_the_timebase_callback_is_never_given_a_rate_of_zero(
    make_server, run_python
):
    # As JACK 2 does after the first relocation in its life.
    run_python(
        """
        import jack
        from tests.notifications import wait_until

        client = jack.Client('master')
        rates = []
        client.set_timebase_callback(
            lambda state, blocksize, pos, new_pos:
            rates.append(pos.frame_rate))
        client.activate()
        client.transport_frame = 1000
        wait_until(lambda: client.transport_frame == 1000)
        wait_until(lambda: len(rates) > 1)
        assert set(rates) == {client.samplerate}, rates
        client.close()
        """,
        server=make_server(),
    )


def test_the_timebase_callback_can_be_set_while_active(client, wait_until):
    calls = []
    with client:
        assert (
            client.set_timebase_callback(lambda *args: calls.append(args))
            is True
        )
        client.transport_start()
        wait_until(lambda: len(calls) > 5)


@pytest.mark.needs('conditional timebase masters')
def test_a_conditional_request_fails_when_there_is_a_master(
    client, make_client, wait_until
):
    calls = {'first': 0, 'second': 0}

    def count(who):
        def callback(*args):
            calls[who] += 1

        return callback

    other = make_client()
    assert (
        client.set_timebase_callback(count('first'), conditional=True) is True
    )
    assert (
        other.set_timebase_callback(count('second'), conditional=True) is False
    )
    with client, other:
        client.transport_start()
        wait_until(lambda: calls['first'] > 5)
        assert calls['second'] == 0


def test_an_unconditional_request_takes_over(client, make_client, wait_until):
    calls = []
    other = make_client()
    client.set_timebase_callback(lambda *args: calls.append('first'))
    with client, other:
        client.transport_start()
        wait_until(lambda: 'first' in calls)
        assert (
            other.set_timebase_callback(lambda *args: calls.append('second'))
            is True
        )
        wait_until(lambda: calls[-5:] == ['second'] * 5)
        with pytest.raises(jack.JackError):
            client.release_timebase()


@pytest.mark.needs('conditional timebase masters')
def test_the_conditional_decorator_works(client, make_client, wait_until):
    calls = []

    @client.set_timebase_callback(conditional=True)
    def master(*args):
        calls.append('master')

    other = make_client()

    @other.set_timebase_callback(conditional=True)
    def late(*args):
        calls.append('late')

    assert (master, late) == (True, False)
    with client, other:
        client.transport_start()
        wait_until(lambda: len(calls) > 10)
    assert set(calls) == {'master'}


def test_the_timebase_can_be_released(client, make_client, wait_until):
    calls = []
    client.set_timebase_callback(lambda *args: calls.append(args))
    other = make_client()
    cycle = Cycle(other)
    with client, other:
        client.transport_start()
        wait_until(lambda: calls)
        client.release_timebase()
        # A cycle may be under way.
        for _ in range(3):
            cycle.run(lambda: None)
        count = len(calls)
        for _ in range(10):
            cycle.run(lambda: None)
        assert len(calls) == count
        assert (
            other.set_timebase_callback(lambda *args: None, conditional=True)
            is True
        )


def test_releasing_without_being_master_is_a_jack_error(client):
    with pytest.raises(jack.JackError):
        client.release_timebase()


def test_the_master_is_free_after_its_client_has_closed(make_client):
    first = make_client()
    first.set_timebase_callback(lambda *args: None)
    first.activate()
    first.close()
    assert (
        make_client().set_timebase_callback(
            lambda *args: None, conditional=True
        )
        is True
    )


def test_a_timebase_callback_that_fails_is_reported_and_released(
    client, make_client, wait_until, capfd
):
    other = make_client()

    @client.set_timebase_callback()
    def timebase(*args):
        raise ValueError('no time')

    with client:
        wait_until(lambda: client.last_exception)
        assert str(client.last_exception) == 'no time'
        # It is not the master any more.
        wait_until(
            lambda: other.set_timebase_callback(
                lambda *args: None, conditional=True
            )
        )
    assert capfd.readouterr().err.count('ValueError: no time') == 1


def test_a_timebase_callback_set_while_the_former_fails_is_called(
    client, wait_until, patience
):
    begun, replaced, called = (threading.Event() for _ in range(3))

    @client.set_timebase_callback()
    def former(*args):
        begun.set()
        replaced.wait(patience)
        raise jack.CallbackExit

    with client:
        client.transport_start()
        assert begun.wait(5)
        assert client.set_timebase_callback(lambda *args: called.set())
        replaced.set()
        assert called.wait(5)
        # Nor is it released by what the failure has asked for.
        wait_until(lambda: not jack._workers.are_busy())
        called.clear()
        assert called.wait(5)


def test_the_process_callback_can_move_the_transport(client, wait_until):
    cycle = Cycle(client)
    with client:
        cycle.run(lambda: setattr(client, 'transport_frame', 31415))
        wait_until(lambda: client.transport_frame == 31415)
        cycle.run(client.transport_start)
        wait_until(lambda: client.transport_state == jack.ROLLING)
        cycle.run(client.transport_stop)
        wait_until(lambda: client.transport_state == jack.STOPPED)


# -- Slow-sync clients --------------------------------------------------------

SLOW = """
import sys
import jack

ready = False
said = set()
client = jack.Client('far-slow')

def say(line):
    # In one piece: two threads talk here.
    sys.stdout.write(f'{line}\\n')
    sys.stdout.flush()

@client.set_sync_callback
def sync(state, pos):
    if state not in said:
        said.add(state)
        say(f'state {state} {type(state).__name__}')
    return ready

with client:
    say('up')
    for line in sys.stdin:
        ready = line.strip() == 'ready'
        say('told')
"""


def test_a_slow_client_in_another_process_holds_the_start(
    server, client, wait_until
):
    client.set_sync_timeout(10_000_000)
    cycle = Cycle(client)
    with Peer(server, SLOW) as peer, client:
        peer.hear('up')
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.STARTING)
        assert peer.hear('state') in ('0 int', '3 int')
        for _ in range(50):
            state = cycle.run(lambda: client.transport_query_struct()[0])
            assert state == jack.STARTING
        assert client.transport_frame == 0
        peer.tell('ready')
        peer.hear('told')
        wait_until(lambda: client.transport_state == jack.ROLLING)
        wait_until(lambda: client.transport_frame > 0)


@pytest.mark.needs('timeouts of slow-sync clients')
@pytest.mark.usefixtures('active_client')
def test_a_start_is_not_awaited_longer_than_the_timeout(
    server, client, wait_until
):
    with Peer(server, SLOW) as peer:
        peer.hear('up')
        client.set_sync_timeout(400_000)
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.STARTING)
        begin = time.monotonic()
        wait_until(lambda: client.transport_state == jack.ROLLING)
        took = time.monotonic() - begin
        # Between half of it and the server's own default of 2 s.
        assert 0.2 < took < 1.5


@pytest.mark.usefixtures('active_client')
def test_repositioning_while_rolling_waits_for_the_slow_client(
    server, client, wait_until
):
    client.set_sync_timeout(10_000_000)
    with Peer(server, SLOW) as peer:
        peer.hear('up')
        peer.tell('ready')
        peer.hear('told')
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.ROLLING)
        peer.tell('not')
        peer.hear('told')
        client.transport_frame = 480000
        wait_until(lambda: client.transport_state == jack.STARTING)
        assert client.transport_frame == 480000
        peer.tell('ready')
        peer.hear('told')
        wait_until(lambda: client.transport_state == jack.ROLLING)


def test_none_unregisters_the_sync_callback(client, wait_until):
    client.set_sync_timeout(10_000_000)
    client.set_sync_callback(lambda state, pos: False)
    with client:
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.STARTING)
        client.set_sync_callback(None)
        wait_until(lambda: client.transport_state == jack.ROLLING)


def test_the_sync_callback_can_be_set_again_after_none(client, wait_until):
    client.set_sync_timeout(10_000_000)
    client.set_sync_callback(None)
    client.set_sync_callback(lambda state, pos: False)
    with client:
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.STARTING)


def test_the_sync_callback_can_be_set_while_active(client, wait_until):
    client.set_sync_timeout(10_000_000)
    ready = []
    with client:
        client.set_sync_callback(lambda state, pos: bool(ready))
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.STARTING)
        ready.append(True)
        wait_until(lambda: client.transport_state == jack.ROLLING)


@pytest.mark.parametrize('result', [True, 1, 'yes', [0]], ids=repr)
def test_whatever_is_true_means_ready(client, wait_until, result):
    client.set_sync_timeout(10_000_000)
    client.set_sync_callback(lambda state, pos: result)
    with client:
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.ROLLING)


@pytest.mark.parametrize('result', [False, None, 0, '', []], ids=repr)
def test_whatever_is_false_means_not_ready(client, wait_until, result):
    client.set_sync_timeout(10_000_000)
    calls = []

    def sync(state, pos):
        calls.append(state)
        return result

    client.set_sync_callback(sync)
    with client:
        client.transport_start()
        wait_until(lambda: calls.count(jack.STARTING) > 10)
        assert client.transport_state == jack.STARTING


def test_an_exception_in_the_sync_callback_means_not_ready(
    client, wait_until, capfd
):
    client.set_sync_timeout(10_000_000)
    calls = []

    @client.set_sync_callback
    def sync(state, pos):
        calls.append(state)
        if state == jack.STARTING:
            raise ValueError('never')
        return True

    cycle = Cycle(client)
    with client:
        client.transport_start()
        wait_until(lambda: client.last_exception)
        failed = len(calls)
        for _ in range(20):
            assert (
                cycle.run(lambda: client.transport_query_struct()[0])
                == jack.STARTING
            )
        # Nor is it called again, as it would be in each cycle.
        assert len(calls) == failed
        client.set_sync_callback(lambda state, pos: True)
        wait_until(lambda: client.transport_state == jack.ROLLING)
    assert capfd.readouterr().err.count('ValueError: never') == 1


def test_a_sync_callback_set_while_the_former_fails_is_called(
    client, wait_until, patience
):
    client.set_sync_timeout(10_000_000)
    begun, replaced = threading.Event(), threading.Event()

    @client.set_sync_callback
    def former(state, pos):
        begun.set()
        replaced.wait(patience)
        raise jack.CallbackExit

    with client:
        client.transport_start()
        assert begun.wait(5)
        client.set_sync_callback(lambda state, pos: True)
        replaced.set()
        wait_until(lambda: client.transport_state == jack.ROLLING)


def test_a_sync_client_beside_a_process_callback_loses_no_cycle(
    client, wait_until
):
    cycle = Cycle(client)
    client.set_sync_callback(lambda state, pos: True)
    with client:
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.ROLLING)
        before = cycle.run(lambda: client.last_frame_time)
        after = cycle.run(lambda: client.last_frame_time)
        assert after > before


@pytest.mark.parametrize('timeout', [-1, 2**64], ids=str)
def test_a_timeout_out_of_range_is_a_value_error(client, timeout):
    with pytest.raises(ValueError):
        client.set_sync_timeout(timeout)


@pytest.mark.parametrize('timeout', [None, '1', 1.5], ids=repr)
def test_a_timeout_that_is_no_integer_is_a_type_error(client, timeout):
    with pytest.raises(TypeError):
        client.set_sync_timeout(timeout)


# -- Outside witnesses --------------------------------------------------------


@pytest.mark.usefixtures('active_client')
def test_jack_transport_is_obeyed(server, client, wait_until):
    program = server.popen(['jack_transport'], stdin=subprocess.PIPE)

    def command(line):
        program.stdin.write(f'{line}\n')
        program.stdin.flush()

    command('locate 96000')
    wait_until(lambda: client.transport_frame == 96000)
    command('play')
    wait_until(lambda: client.transport_state == jack.ROLLING)
    command('stop')
    wait_until(lambda: client.transport_state == jack.STOPPED)
    program.communicate('exit\n', timeout=10)
    assert program.returncode == 0


@pytest.mark.needs('bars of jack_transport')
def test_the_tempo_of_jack_transport_is_seen(server, client, wait_until):
    client.activate()
    with Program(server, 'jack_transport') as program:
        program.tell('tempo 90')
        program.tell('master')
        program.tell('play')
        wait_until(
            lambda: client.transport_query()[1].get('beats_per_minute') == 90,
            timeout=10,
        )


def test_jack_showtime_sees_what_python_does(
    calm, server, client, lacks, wait_until
):
    # Where the transport stands, the master is asked once: it must be on time.
    client.set_timebase_callback(lambda state, size, pos, new: bbt(pos))
    with client:
        client.transport_frame = 228000
        wait_until(lambda: client.transport_query()[1].get('bar') == 3)
        # Its lines end with a carriage return only, which text mode turns.
        program = server.popen(['jack_showtime'])
        line = ''
        while 'BBT:' not in line:
            line = program.stdout.readline()
        program.terminate()
        program.communicate(timeout=10)
    assert 'frame = 228000' in line
    assert 'state: Stopped' in line
    assert f'BBT:   3|2|{half_a_beat(lacks):04}' in line


@pytest.mark.needs('positions after a larger blocksize')
def test_the_position_goes_on_after_a_larger_blocksize(
    make_server, run_python
):
    run_python(
        """
        import jack
        from tests.notifications import wait_until

        frames = []
        first = jack.Client('first')
        first.set_process_callback(frames.append)
        with first:
            size = 2 * first.blocksize
            first.blocksize = size
            wait_until(lambda: size in frames)
        with jack.Client('second') as second:
            second.transport_frame = 96000
            second.transport_start()
            wait_until(lambda: second.transport_query()[1]['frame'] > 96000)
        """,
        server=make_server(),
    )
