"""What the short cuts of the process cycle must not change.

Objects are used again where nobody can notice.  Here, somebody looks.
"""

import random

import numpy as np
import pytest
from peers import Cycle

import jack


@pytest.fixture
def cycle(client):
    """Runs jobs in the process callback of *client*, once it is active."""
    return Cycle(client)


@pytest.fixture
def loop(client, cycle, wait_until):
    """A MIDI output and an input that hears it one cycle later."""
    sink = client.midi_outports.register('out')
    source = client.midi_inports.register('in')
    client.activate()
    client.connect(sink, source)
    wait_until(lambda: source.number_of_connections)
    cycle.run(sink.clear_buffer)
    return Loop(cycle, sink, source)


class Loop:
    def __init__(self, cycle, sink, source):
        self.cycle = cycle
        self.sink = sink
        self.source = source

    def send(self, events, receive=list):
        """Send events, and return what *receive* makes of those that come."""

        def write():
            self.sink.clear_buffer()
            for event in events:
                self.sink.write_midi_event(0, event)

        def read():
            result = receive(self.source.incoming_midi_events())
            self.sink.clear_buffer()
            return result

        # In two cycles that follow each other, as both of them are queued.
        written, read = self.cycle.submit(write), self.cycle.submit(read)
        written.result(5)
        return read.result(5)


def make_events(number, size=3):
    return [
        bytes([0xB0, *divmod(n % 16384, 128)])
        if size == 3
        else bytes([0xF0, *([n % 128] * (size - 2)), 0xF7])
        for n in range(number)
    ]


# -- MIDI events --------------------------------------------------------------


# Few events are copied in another way than many.
@pytest.mark.parametrize('number', [1, 5, 6, 20])
def test_events_that_are_kept_stay_as_they_are(loop, number):
    kept, expected = [], []
    for start in range(10):
        events = make_events(200)[number * start : number * (start + 1)]
        kept += [event for _, event in loop.send(events)]
        expected += events
    assert [bytes(event) for event in kept] == expected


@pytest.mark.parametrize('patience', [0, 3, 1000])
def test_any_events_may_be_kept_for_a_while(loop, monkeypatch, patience):
    # Those of many cycles are in one block; sooner or later it is given up.
    monkeypatch.setattr(jack, '_PATIENT_CYCLES', patience)
    chance = random.Random(patience)
    kept = []
    for _ in range(60):
        sizes = chance.choices(
            [1, 2, 3, 4, 6], [6, 6, 6, 6, 1], k=chance.choice([1, 6, 7, 40])
        )
        events = [
            {1: b'\xfe', 2: bytes([0xC0, n])}.get(size)
            or make_events(n + 1, size)[n]
            for n, size in enumerate(sizes)
        ]
        received = loop.send(events, lambda events: [e for _, e in events])
        assert [bytes(event) for event in received] == events
        if chance.random() < 0.5:
            kept += chance.sample(list(zip(received, events)), 1)
        if chance.random() < 0.2:
            kept.clear()
        received.clear()
        assert all(bytes(event) == as_sent for event, as_sent in kept)


def test_views_of_events_stay_as_they_are(loop):
    kept = []
    for event in make_events(10):
        kept += loop.send(
            [event], lambda events: [memoryview(e)[1:] for _, e in events]
        )
    assert [bytes(view) for view in kept] == [e[1:] for e in make_events(10)]


def test_what_is_written_into_an_event_harms_no_other(loop):
    def spoil(events):
        for _, event in events:
            event[:] = b'abc'
        return [
            bytes(event) for _, event in loop.source.incoming_midi_events()
        ]

    for _ in range(3):
        assert loop.send(make_events(5), spoil) == make_events(5)


def test_two_iterators_at_the_same_time_give_the_same_events(loop):
    def read(first):
        second = loop.source.incoming_midi_events()
        return [(bytes(a), bytes(b)) for (_, a), (_, b) in zip(first, second)]

    assert loop.send(make_events(20), read) == [
        (event, event) for event in make_events(20)
    ]


@pytest.mark.parametrize(
    'numbers',
    [
        (1, 64, 65, 200, 2, 250, 1),
        pytest.param(
            (65, 300, 2, 700, 1),
            marks=pytest.mark.needs('room for many MIDI events'),
        ),
    ],
)
def test_any_number_of_events_is_read(loop, numbers):
    for number in numbers:
        received = loop.send(
            make_events(number), lambda events: [bytes(e) for _, e in events]
        )
        assert received == make_events(number)


@pytest.mark.parametrize('times', [1, 2, 3])
def test_sizes_may_change_from_cycle_to_cycle(loop, times):
    for sizes in (
        (3, 4, 5),
        (300, 3, 4),
        (3, 3, 3),
        (3, 300, 3),
        (3, 5, 3),
        (4, 257, 256),
        (5, 3, 4),
    ):
        events = [make_events(1, size)[0] for size in sizes * times]
        received = loop.send(
            events, lambda events: [bytes(e) for _, e in events]
        )
        assert received == events


def test_what_comes_in_can_be_sent_on(loop):
    def send_on(events):
        loop.sink.clear_buffer()
        for when, event in events:
            loop.sink.write_midi_event(when, event)

    events = make_events(50)
    loop.send(events, lambda events: None)
    written = loop.cycle.submit(
        lambda: (
            [loop.sink.clear_buffer()]
            + [loop.sink.write_midi_event(0, event) for event in events]
        )
    )
    sent_on = loop.cycle.submit(
        lambda: send_on(loop.source.incoming_midi_events())
    )
    received = loop.cycle.submit(
        lambda: [bytes(e) for _, e in loop.source.incoming_midi_events()]
    )
    for future in written, sent_on:
        future.result(5)
    assert received.result(5) == events


# -- Ring buffer --------------------------------------------------------------


@pytest.mark.parametrize('method', ['read', 'peek'])
@pytest.mark.parametrize('size', [1, 2, 64, 256, 257])
def test_what_was_read_and_is_kept_stays_as_it_is(method, size):
    ring = jack.RingBuffer(4096)
    kept = []
    for number in range(5):
        ring.write(bytes([number]) * size)
        kept.append(getattr(ring, method)(size))
        ring.reset()
    assert [bytes(data) for data in kept] == [
        bytes([n]) * size for n in range(5)
    ]


def test_a_view_of_what_was_read_stays_as_it_is():
    ring = jack.RingBuffer(64)
    kept = []
    for number in range(5):
        ring.write(bytes([number]) * 3)
        kept.append(np.frombuffer(ring.read(3), 'u1'))
    assert [array.tolist() for array in kept] == [[n] * 3 for n in range(5)]


def test_reading_less_than_was_asked_for_harms_no_later_reading():
    ring = jack.RingBuffer(64)
    ring.write(b'abc')
    short = ring.read(10)
    ring.write(b'0123456789')
    assert bytes(ring.read(10)) == b'0123456789'
    assert bytes(short) == b'abc'


# -- Positions ----------------------------------------------------------------


@pytest.mark.parametrize('part', [
    pytest.param(lambda position: position, id='pointer'),
    pytest.param(lambda position: position[0], id='struct'),
])
def test_positions_that_are_kept_stay_as_they_are(client, wait_until, part):
    client.activate()
    kept = []
    for frame in range(100, 600, 100):
        client.transport_frame = frame
        wait_until(lambda frame=frame: client.transport_frame == frame)
        kept.append(part(client.transport_query_struct()[1]))
    assert [position.frame for position in kept] == [100, 200, 300, 400, 500]
    client.transport_frame = 0


def test_a_field_set_in_a_position_is_not_in_the_next_one(client):
    for _ in range(4):
        position = client.transport_query_struct()[1]
        assert position.bar != 4711
        position.bar = 4711
        position.valid = jack.POSITION_BBT


# -- Audio --------------------------------------------------------------------


def test_each_block_is_whole_while_connections_change(make_client, wait_until):
    players = [make_client(f'player-{n}') for n in range(2)]
    middle, tape = make_client('middle'), make_client('tape')
    noise = [
        np.random.default_rng(n).uniform(-1, 1, tape.blocksize).astype('f4')
        for n in range(2)
    ]
    for player, block in zip(players, noise):
        source = player.outports.register('out')
        player.set_process_callback(
            lambda frames, source=source, block=block: (
                source.get_array().__setitem__(slice(None), block)
            )
        )
    through = middle.inports.register('in'), middle.outports.register('out')
    sink = tape.inports.register('in')
    heard = set()

    @middle.set_process_callback
    def process(frames):
        through[1].get_array()[:] = through[0].get_array()

    tape.set_process_callback(
        lambda frames: heard.add(sink.get_array().tobytes())
    )
    silence = np.zeros_like(noise[0])
    mixed = noise[0] + noise[1]
    with players[0], players[1], middle, tape:
        tape.connect(through[1], sink)
        for _ in range(5):
            for player in players:
                player.connect(player.outports[0], through[0])
            wait_until(lambda: mixed.tobytes() in heard)
            for player in players:
                player.disconnect(player.outports[0], through[0])
            heard.discard(mixed.tobytes())
        assert middle.last_exception is None
    assert heard <= {block.tobytes() for block in (silence, *noise, mixed)}


def test_each_block_is_whole_while_the_blocksize_changes(
    make_client, wait_until
):
    client, tape = make_client(), make_client()
    source, sink = client.outports.register('out'), tape.inports.register('in')
    ramp = np.arange(1, 8193, dtype='f4')
    heard = set()
    former = None

    @client.set_process_callback
    def play(frames):
        source.get_array()[:] = ramp[:frames]

    @tape.set_process_callback
    def listen(frames):
        nonlocal former
        block = sink.get_array()
        assert len(block) == frames
        # A source that is late, as anybody may be, leaves a block of the
        # former size in the first one of the next.
        if frames == former:
            whole = (block == ramp[:frames]).all() or not block.any()
            heard.add((frames, whole))
        former = frames

    usual = client.blocksize
    with client, tape:
        client.connect(source, sink)
        for blocksize in 64, 1024, 128, 4096, usual:
            client.blocksize = blocksize
            wait_until(
                lambda blocksize=blocksize: (blocksize, True) in heard, 10
            )
        assert client.last_exception is None
        assert tape.last_exception is None
    assert {size for size, _ in heard} >= {64, 1024, 128, 4096}
    assert all(whole for _, whole in heard)
