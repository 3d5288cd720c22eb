"""Latencies along a chain, as another client and another program see them."""

import array
import collections
import re
import threading

import pytest
from peers import Peer

import jack

MODES = {
    'capture': jack.CAPTURE_LATENCY,
    'playback': jack.PLAYBACK_LATENCY,
}

# Delays its input, and says so: argv is its name and the number of frames.
# A number that comes in is the new delay.
DELAY = """
import sys
import jack

client = jack.Client(sys.argv[1])
input_ = client.inports.register('in')
output = client.outports.register('out')
delay = int(sys.argv[2])
past = bytes(4 * delay)

@client.set_process_callback
def process(frames):
    global past
    data = past + bytes(input_.get_buffer())
    output.get_buffer()[:] = data[-4 * (frames + delay):][:4 * frames]
    past = data[-4 * (frames + delay):]

@client.set_latency_callback
def latency(mode):
    if mode == jack.CAPTURE_LATENCY:
        source, target = input_, output
    else:
        source, target = output, input_
    low, high = source.get_latency_range(mode)
    target.set_latency_range(mode, low + delay, high + delay)

with client:
    print('up', client.name, flush=True)
    for line in sys.stdin:
        delay = int(line)
        client.recompute_total_latencies()
        print('told', flush=True)
"""


def latencies(client, *names):
    """The capture and the playback range of each port."""
    ports = [client.get_port_by_name(name) for name in names]
    return [
        tuple(tuple(port.get_latency_range(mode)) for mode in MODES.values())
        for port in ports
    ]


def exactly(capture, playback):
    """Both ranges, without any difference of shortest and longest way."""
    return (capture, capture), (playback, playback)


def jack_lsp(server):
    """The same ranges, as JACK's own program prints them."""
    found = {}
    for line in server.run(['jack_lsp', '-l']).stdout.splitlines():
        if not line[0].isspace():
            found[line] = {}
            ranges = found[line]
        else:
            mode, low, high = re.search(
                r'port (\w+) latency = \[ (\d+) (\d+) \] frames', line
            ).groups()
            ranges[mode] = int(low), int(high)
    return {
        name: (ranges['capture'], ranges['playback'])
        for name, ranges in found.items()
    }


# -- The chain ----------------------------------------------------------------


def test_delays_add_up_along_a_chain_in_both_directions(
    server, active_client, wait_until
):
    client = active_client
    ((before, _), _), (_, (after, _)) = latencies(
        client, 'system:capture_1', 'system:playback_1'
    )
    # JACK 2's dummy driver has some, that of JACK 1 has none.
    with Peer(server, DELAY, 'far-256', 256) as one, Peer(
        server, DELAY, 'far-100', 100
    ) as two:
        first, second = one.hear('up'), two.hear('up')
        ports = [
            'system:capture_1',
            f'{first}:in',
            f'{first}:out',
            f'{second}:in',
            f'{second}:out',
            'system:playback_1',
        ]
        for source, destination in zip(ports[::2], ports[1::2]):
            client.connect(source, destination)
        expected = [
            exactly(before, after + 356),
            exactly(before, after + 356),
            exactly(before + 256, after + 100),
            exactly(before + 256, after + 100),
            exactly(before + 356, after),
            exactly(before + 356, after),
        ]
        wait_until(
            lambda: latencies(client, *ports) == expected,
            message=f'{expected} along the chain',
        )
        outside = jack_lsp(server)
        assert [outside[port] for port in ports] == expected


def test_two_ways_of_different_length_make_a_range(
    server, make_client, wait_until
):
    source, target = make_client('source'), make_client('target')
    output = source.outports.register('out', is_terminal=True)
    input_ = target.inports.register('in', is_terminal=True)
    with Peer(server, DELAY, 'far-256', 256) as peer, source, target:
        name = peer.hear('up')
        source.connect(output, input_)
        source.connect(output, f'{name}:in')
        source.connect(f'{name}:out', input_)
        wait_until(
            lambda: input_.get_latency_range(jack.CAPTURE_LATENCY)
            == output.get_latency_range(jack.PLAYBACK_LATENCY)
            == (0, 256)
        )
        outside = jack_lsp(server)
        assert outside[input_.name] == ((0, 256), (0, 0))
        assert outside[output.name] == ((0, 0), (0, 256))


@pytest.mark.needs('new latencies that all see')
def test_a_new_delay_holds_after_a_recomputation(
    server, active_client, wait_until
):
    client = active_client
    ((before, _), _), (_, (after, _)) = latencies(
        client, 'system:capture_1', 'system:playback_1'
    )
    with Peer(server, DELAY, 'far', 256) as peer:
        name = peer.hear('up')
        ports = f'{name}:in', f'{name}:out'
        client.connect('system:capture_1', ports[0])
        client.connect(ports[1], 'system:playback_1')

        def wait_for(delay):
            expected = [
                exactly(before, after + delay),
                exactly(before + delay, after),
            ]
            wait_until(lambda: latencies(client, *ports) == expected)

        wait_for(256)
        for delay in 64, 1000:
            peer.tell(delay)
            peer.hear('told')
            wait_for(delay)


def test_the_reported_delay_is_the_one_that_audio_has(
    server, make_client, wait_until
):
    source, target = make_client('source'), make_client('target')
    output = source.outports.register('out', is_terminal=True)
    input_ = target.inports.register('in', is_terminal=True)
    delays = collections.Counter()
    frames_of_float = 1 << 24

    @source.set_process_callback
    def send(frames):
        # Each sample is the number of its frame.
        begin = source.last_frame_time % frames_of_float
        output.get_buffer()[:] = array.array(
            'f', range(begin, begin + frames)
        ).tobytes()

    @target.set_process_callback
    def receive(frames):
        begin = target.last_frame_time % frames_of_float
        first = memoryview(input_.get_buffer()).cast('f')[0]
        delays[begin - first] += 1

    with Peer(server, DELAY, 'far-256', 256) as peer, source, target:
        name = peer.hear('up')
        source.connect(f'{name}:out', input_)
        source.connect(output, f'{name}:in')
        capture = jack.CAPTURE_LATENCY
        wait_until(lambda: input_.get_latency_range(capture) == (256, 256))
        delays.clear()
        # A busy machine may lose one cycle or another.
        wait_until(lambda: delays[256] > 50)
        assert delays.most_common(1)[0][0] == 256


# -- The callback -------------------------------------------------------------


def test_a_client_without_the_callback_hands_latencies_on(
    make_client, wait_until
):
    thru, client = make_client('thru'), make_client()
    input_ = thru.inports.register('in')
    output = thru.outports.register('out')
    with thru, client:
        (capture, _), = latencies(client, 'system:capture_1')
        client.connect('system:capture_1', input_)
        # libjack does this, as long as no callback takes it over.
        wait_until(
            lambda: latencies(client, input_.name, output.name)
            == [(capture, (0, 0))] * 2
        )


@pytest.mark.needs('latency callbacks for both directions')
def test_a_client_with_the_callback_does_it_on_its_own(
    make_client, wait_until, events
):
    thru, client = make_client('thru'), make_client()
    input_ = thru.inports.register('in')
    output = thru.outports.register('out')
    thru.set_latency_callback(events.put)
    with thru, client:
        (capture, _), = latencies(client, 'system:capture_1')
        events.drain()
        client.connect('system:capture_1', input_)
        # Some of the calls for the activations may still be to come.
        for mode in jack.CAPTURE_LATENCY, jack.PLAYBACK_LATENCY:
            events.wait_for(lambda event, mode=mode: event == mode)
        wait_until(
            lambda: latencies(client, input_.name, output.name)
            == [(capture, (0, 0)), ((0, 0), (0, 0))]
        )


def test_the_callback_gets_the_mode_as_an_int_on_another_thread(
    client, events
):
    client.set_latency_callback(
        lambda *args: events.put((args, threading.get_ident()))
    )
    input_ = client.inports.register('in')
    with client:
        client.connect('system:capture_1', input_)
        args, ident = events.next()
        assert args == (jack.CAPTURE_LATENCY,)
        assert type(args[0]) is int
        assert ident != threading.get_ident()


def test_recomputing_calls_the_callback_for_both_modes(client, events):
    client.set_latency_callback(events.put)
    with client:
        events.drain()
        assert client.recompute_total_latencies() is None
        assert {events.next(), events.next()} == set(MODES.values())


# -- Ports --------------------------------------------------------------------


def test_the_modes_are_jacks_numbers():
    assert MODES == {'capture': 0, 'playback': 1}


@pytest.mark.parametrize('mode', MODES)
def test_a_range_is_a_named_tuple_of_two_ints(client, mode):
    port = client.get_port_by_name('system:capture_1')
    latency = port.get_latency_range(MODES[mode])
    assert type(latency) is jack.LatencyRange
    assert latency == (latency.min, latency.max)
    assert [type(value) for value in latency] == [int, int]


def test_a_port_has_no_latency_at_first(client):
    port = client.outports.register('out')
    for mode in MODES.values():
        assert port.get_latency_range(mode) == (0, 0)


@pytest.mark.needs('latencies as they are on JACK')
@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('ports', ['inports', 'midi_outports'])
def test_a_range_that_was_set_is_seen_by_another_program(
    server, client, ports, mode
):
    # While it is not active, libjack does not compute anything for it.
    port = getattr(client, ports).register('port')
    port.set_latency_range(MODES[mode], 12, 2**32 - 1)
    assert port.get_latency_range(MODES[mode]) == (12, 2**32 - 1)
    seen = dict(zip(MODES, jack_lsp(server)[port.name]))
    other = ({*MODES} - {mode}).pop()
    assert seen == {mode: (12, 2**32 - 1), other: (0, 0)}


@pytest.mark.parametrize('mode', [2, -1, 2**32], ids=str)
def test_an_unknown_mode_is_a_value_error(client, mode):
    port = client.outports.register('out')
    with pytest.raises(ValueError):
        port.get_latency_range(mode)
    with pytest.raises(ValueError):
        port.set_latency_range(mode, 0, 0)


@pytest.mark.parametrize('mode', [None, '0', 0.0], ids=repr)
def test_a_mode_that_is_no_integer_is_a_type_error(client, mode):
    port = client.outports.register('out')
    with pytest.raises(TypeError):
        port.get_latency_range(mode)
    with pytest.raises(TypeError):
        port.set_latency_range(mode, 0, 0)


@pytest.mark.parametrize(
    ('low', 'high', 'error'),
    [
        (2, 1, ValueError),
        (-1, 1, ValueError),
        (0, 2**32, ValueError),
        (0.5, 1, TypeError),
        (0, '1', TypeError),
    ],
    ids=repr,
)
def test_a_range_that_is_none_is_refused(client, low, high, error):
    port = client.outports.register('out')
    with pytest.raises(error):
        port.set_latency_range(jack.CAPTURE_LATENCY, low, high)
    assert port.get_latency_range(jack.CAPTURE_LATENCY) == (0, 0)


def test_only_own_ports_can_be_given_a_latency(client):
    port = client.get_port_by_name('system:capture_1')
    assert not hasattr(port, 'set_latency_range')
