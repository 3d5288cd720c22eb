"""What this module has beyond the manual, and is tested nowhere else."""

import statistics
import struct
import time

import pytest
from peers import Cycle, Peer
from signals import make_block

import jack

AUDIO = '32 bit float mono audio'
MIDI = '8 bit raw midi'


# -- Port types ---------------------------------------------------------------


@pytest.mark.needs('numbers of port types')
def test_ports_of_a_type_share_its_number(client):
    audio = [
        client.inports.register('in'),
        client.outports.register('out'),
        client.get_port_by_name('system:capture_1'),
    ]
    midi = [
        client.midi_inports.register('midi in'),
        client.midi_outports.register('midi out'),
    ]
    (audio_id,) = {port.type_id for port in audio}
    (midi_id,) = {port.type_id for port in midi}
    assert audio_id != midi_id
    assert type(audio_id) is int


def test_the_buffer_of_a_type_has_room_for_a_cycle(client):
    assert client.type_buffersize(AUDIO) == 4 * client.blocksize
    assert client.type_buffersize(MIDI) > 1000


def test_the_buffer_of_the_audio_type_follows_the_blocksize(
    active_client, wait_until
):
    client = active_client
    before = client.blocksize
    client.blocksize = 2 * before
    try:
        wait_until(lambda: client.type_buffersize(AUDIO) == 8 * before)
    finally:
        client.blocksize = before
    wait_until(lambda: client.type_buffersize(AUDIO) == 4 * before)


@pytest.mark.parametrize(
    ('porttype', 'error'),
    [
        ('no such type', jack.JackError),
        ('t' * 1000, jack.JackError),
        ('', ValueError),
        ('a\0b', ValueError),
        (None, TypeError),
        (b'type', TypeError),
    ],
    ids=repr,
)
def test_an_unknown_type_has_no_buffer(client, porttype, error, capfd):
    with pytest.raises(error):
        client.type_buffersize(porttype)


def test_names_of_types_fit_into_the_size_for_them():
    assert jack.port_type_size() > len(AUDIO) > len(MIDI)
    assert type(jack.port_type_size()) is int


@pytest.mark.parametrize('is_output', [True, False])
@pytest.mark.parametrize('is_terminal', [True, False])
@pytest.mark.parametrize('is_physical', [True, False])
def test_a_port_is_registered_with_all_its_flags(
    client, make_client, is_output, is_terminal, is_physical
):
    port = client.register_port(
        'port', MIDI, is_output, is_terminal, is_physical, buffersize=0
    )
    client.activate()
    seen = make_client().get_port_by_name(port.name)
    for each in port, seen:
        assert each.is_output is is_output
        assert each.is_input is not is_output
        assert each.is_terminal is is_terminal
        assert each.is_physical is is_physical
    # It is no member of the lists, which have a type and a direction each.
    assert len(client.midi_inports) == len(client.midi_outports) == 0
    port.unregister()
    with pytest.raises(jack.JackError):
        client.get_port_by_name(f'{client.name}:port')


# -- Ports by number ----------------------------------------------------------


def test_ports_are_found_by_the_number_that_c_has_for_them(
    client, make_client, events
):
    # C callbacks are given these numbers, and nothing else tells them.
    @client._callback('JackPortRegistrationCallback')
    def callback(number, register, arg):
        events.put(number)

    code = jack._lib.jack_set_port_registration_callback(
        client._ptr, callback, jack._ffi.NULL
    )
    assert code == 0
    other = make_client()
    with client, other:
        for ports, cls in (
            (other.midi_outports, jack.MidiPort),
            (other.inports, jack.Port),
        ):
            added = ports.register('added')
            number = events.next()
            found = client.get_port_by_id(number)
            assert found == added
            assert type(found) is cls
            assert other.get_port_by_id(number) is added
            added.unregister()
            assert events.next() == number


def test_unknown_ids_are_errors(run_python, make_server):
    # In a process of its own: libjack may abort it.  And with a new server,
    # as PipeWire 0.3 goes on counting.
    run_python(
        """
        import jack

        client = jack.Client('seeker')
        client.inports.register('in')
        names = set()
        for number in [*range(5000), 2**31 - 1, 2**31, 2**32 - 1]:
            try:
                names.add(client.get_port_by_id(number).name)
            except jack.JackError as e:
                assert str(number) in str(e), e
        assert names == {port.name for port in client.get_ports()}
        client.close()
        """,
        server=make_server(),
    )


def test_the_number_of_a_port_that_is_gone_is_an_error(client):
    port = client.inports.register('in')
    client.activate()
    number = next(
        number
        for number in range(1_000_000)
        if finds(client, number, port.name)
    )
    port.unregister()
    with pytest.raises(jack.JackError, match=str(number)):
        client.get_port_by_id(number)


def finds(client, number, name):
    try:
        return client.get_port_by_id(number).name == name
    except jack.JackError:
        return False


@pytest.mark.parametrize(
    ('number', 'error'),
    [(-1, ValueError), (2**32, ValueError), ('1', TypeError),
     (1.0, TypeError), (None, TypeError)],
    ids=repr,
)  # fmt: skip
def test_a_number_of_a_wrong_kind_is_refused(client, number, error):
    with pytest.raises(error):
        client.get_port_by_id(number)


# -- Tied ports ---------------------------------------------------------------


@pytest.mark.needs('tied ports')
def test_a_tied_output_passes_its_input_on(make_client, wait_until):
    source, thru, target = map(make_client, ('source', 'thru', 'target'))
    output = source.outports.register('out')
    thru_in = thru.inports.register('in')
    thru_out = thru.outports.register('out')
    input_ = target.inports.register('in')
    block = make_block(1, source.blocksize)
    received = set()

    @source.set_process_callback
    def send(frames):
        output.get_buffer()[:] = block

    # Nothing is copied in Python.
    thru.set_process_callback(lambda frames: None)

    @target.set_process_callback
    def receive(frames):
        received.add(bytes(input_.get_buffer()))

    silence = bytes(len(block))
    with source, thru, target:
        source.connect(output, thru_in)
        target.connect(thru_out, input_)
        wait_until(lambda: received)
        assert received == {silence}
        assert thru_out.tie(thru_in) is None
        wait_until(lambda: block in received)
        assert thru_out.untie() is None
        received.clear()
        wait_until(lambda: silence in received)
    assert received <= {silence, block}


class Tied:
    """A source that is heard directly, and through a port that is tied.

    What was written in one cycle is heard in each one from then on.
    """

    def __init__(self, make_client, kind):
        clients = [make_client(name) for name in ('source', 'thru', 'target')]
        self.clients = clients
        source, thru, target = clients
        self.output = getattr(source, f'{kind}outports').register('out')
        self.input = getattr(thru, f'{kind}inports').register('in')
        self.tied = getattr(thru, f'{kind}outports').register('out')
        self.listeners = [
            getattr(target, f'{kind}inports').register(way)
            for way in ('indirect', 'direct')
        ]
        self._write, self._read = (
            (write_events, read_events) if kind else (write_block, read_block)
        )
        self.source, self.thru = Cycle(source), Cycle(thru)
        self._heard = []
        self._target = Cycle(target, self._listen)

    def _listen(self, frames):
        self._heard.append(tuple(map(self._read, self.listeners)))

    def begin(self, wait_until):
        for client in self.clients:
            client.activate()
        self.send(1)
        indirect, direct = self.listeners
        self.output.connect(self.input)
        self.output.connect(direct)
        self.tied.connect(indirect)
        wait_until(lambda: self._heard[-1] == (0, 1))
        self.tied.tie(self.input)
        wait_until(lambda: self._heard[-1] == (1, 1))

    def send(self, number):
        self.source.run(lambda: self._write(self.output, number))

    def pass_on(self, number):
        self.thru.run(lambda: self._write(self.tied, number))

    def heard(self, wait_until):
        """What is heard (indirectly, directly) in some cycles from now on."""
        past = len(self._heard)
        wait_until(lambda: len(self._heard) > past + 8)
        return set(self._heard[past + 3 :])


def write_block(port, number):
    buffer = port.get_buffer()
    buffer[:] = struct.pack('=f', number) * (len(buffer) // 4)


def read_block(port):
    return struct.unpack_from('=f', port.get_buffer())[0]


def write_events(port, number):
    port.clear_buffer()
    for offset in range(number):
        port.write_midi_event(offset, b'\x90\x3c\x40')
    port.reserve_midi_event(number, 3)[:] = b'\x80\x3c\x40'
    assert port.max_event_size


def read_events(port):
    """Return how many there are, without the last one."""
    return max(sum(1 for _ in port.incoming_midi_events()) - 1, 0)


@pytest.mark.needs('tied ports')
@pytest.mark.parametrize('kind', ['', 'midi_'], ids=['audio', 'midi'])
def test_what_is_written_to_a_tied_output_is_ignored(
    make_client, wait_until, kind
):
    tied = Tied(make_client, kind)
    tied.begin(wait_until)
    tied.pass_on(3)
    assert tied.heard(wait_until) == {(1, 1)}
    tied.tied.untie()
    tied.pass_on(4)
    assert tied.heard(wait_until) == {(4, 1)}
    tied.tied.tie(tied.input)
    assert tied.heard(wait_until) == {(1, 1)}
    # Nor do the cycles until its client is gone silence the source.
    tied.clients[1].deactivate()
    assert {direct for _, direct in tied.heard(wait_until)} == {1}


@pytest.mark.needs('tied ports')
@pytest.mark.parametrize('kind', ['', 'midi_'], ids=['audio', 'midi'])
def test_a_port_is_untied_when_its_input_is_unregistered(
    make_client, wait_until, kind
):
    tied = Tied(make_client, kind)
    tied.begin(wait_until)
    tied.input.unregister()
    # It gets the number of the other one.
    stranger = getattr(tied.clients[0], f'{kind}outports').register('other')
    tied.source.run(lambda: tied._write(stranger, 7))
    assert tied.heard(wait_until) == {(0, 1)}
    tied.pass_on(3)
    assert tied.heard(wait_until) == {(3, 1)}


@pytest.mark.needs('tied ports')
def test_a_tied_output_can_be_unregistered(make_client, wait_until):
    tied = Tied(make_client, '')
    tied.begin(wait_until)
    tied.tied.unregister()
    assert tied.heard(wait_until) == {(0, 1)}
    tied.input.unregister()
    with pytest.raises(jack.JackError, match='unregistered'):
        tied.tied.untie()


def test_only_an_input_of_the_same_kind_can_be_tied_to_an_output(
    client, make_client, capfd
):
    # libjack would go round in circles, and the process be gone.
    output, input_ = (
        client.outports.register('out'),
        client.inports.register('in'),
    )
    midi_in = client.midi_inports.register('midi in')
    another = make_client().inports.register('in')
    for tied, source in (
        (output, output),
        (input_, output),
        (input_, input_),
        (output, midi_in),
        (output, another),
    ):
        with pytest.raises((jack.JackError, ValueError)):
            tied.tie(source)
    for bad in None, input_.name, client.get_port_by_name('system:capture_1'):
        with pytest.raises(TypeError):
            output.tie(bad)


# -- Monitoring ---------------------------------------------------------------


@pytest.mark.needs('monitoring that others see')
def test_monitoring_is_seen_and_ended_by_others(client, make_client):
    port = client.outports.register('out')
    client.activate()
    other = make_client()
    seen = other.get_port_by_name(port.name)
    assert port.is_monitoring is seen.is_monitoring is False
    assert other.request_monitor(port.name, True) is None
    assert port.is_monitoring is seen.is_monitoring is True
    assert other.request_monitor(seen, False) is None
    assert port.is_monitoring is seen.is_monitoring is False


@pytest.mark.needs('monitoring that others see')
def test_another_process_sees_monitoring(server, client):
    port = client.outports.register('out')
    with Peer(
        server,
        """
        import sys
        import jack

        client = jack.Client('far')
        for line in sys.stdin:
            port = client.get_port_by_name(line.strip())
            print('monitoring', port.is_monitoring, flush=True)
            client.request_monitor(port, False)
            print('done', flush=True)
        client.close()
        """,
    ) as peer:
        client.activate()
        client.request_monitor(port, True)
        peer.tell(port.name)
        assert peer.hear('monitoring') == 'True'
        peer.hear('done')
        assert port.is_monitoring is False


def test_ensuring_does_not_count_while_requesting_does(client):
    port = client.inports.register('in')
    for _ in range(3):
        assert port.ensure_monitor(True) is None
    port.ensure_monitor(False)
    assert port.is_monitoring is False
    for _ in range(2):
        port.request_monitor(True)
    port.request_monitor(False)
    assert port.is_monitoring is True
    port.request_monitor(False)
    assert port.is_monitoring is False


def test_an_unknown_port_cannot_be_monitored(client, capfd):
    with pytest.raises(jack.JackError, match='nobody:in'):
        client.request_monitor('nobody:in', True)
    with pytest.raises(TypeError):
        client.request_monitor(None, True)


# -- Times --------------------------------------------------------------------


def test_cycle_times_are_those_of_the_cycle(client, server, wait_until):
    cycle = Cycle(client)

    def look():
        frames = client.last_frame_time
        times = client.cycle_times
        now = jack.get_time()
        # A callback that is late sees the next cycle begin.
        return (times, now) if client.last_frame_time == frames else None

    def compare():
        frames = client.last_frame_time
        return frames == client.cycle_times.current_frames

    def is_punctual():
        # The times are the server's estimates, which need some cycles to
        # settle after a late one; on a busy machine most may be late.
        seen = cycle.run(look)
        return seen and abs(seen[1] - seen[0].current_usecs) < period

    period = 1_000_000 * client.blocksize / server.samplerate
    with client:
        xruns = client.xrun_count
        looks = [cycle.run(look) for _ in range(50)]
        assert any(cycle.run(compare) for _ in range(50))
        wait_until(is_punctual)
        size = client.blocksize
    looks = [look for look in looks if look is not None]
    assert {type(times) for times, _ in looks} == {jack.CycleTimes}
    assert [type(value) for value in looks[0][0]] == [int, int, int, float]
    frames = [times.current_frames for times, _ in looks]
    assert frames == sorted(set(frames))
    # Only a server that was late itself goes on after any number of frames.
    jumps = sum((b - a) % size != 0 for a, b in zip(frames, frames[1:]))
    wait_until(lambda: client.xrun_count - xruns >= jumps, message=frames)
    steps = [t.next_usecs - t.current_usecs for t, _ in looks]
    assert statistics.median(steps) == pytest.approx(period, rel=0.1)
    periods = [times.period_usecs for times, _ in looks]
    assert statistics.median(periods) == pytest.approx(period, rel=0.1)


def test_frames_and_microseconds_are_two_views_of_one_time(
    client, wait_until
):
    with client:
        begin = client.frame_time
        wait_until(lambda: client.frame_time - begin > 4800)
        now, frames = jack.get_time(), client.frame_time
        # 10 ms, for what the machine does between the two.
        assert abs(client.frames_to_time(frames) - now) < 10_000
        assert abs(client.time_to_frames(now) - frames) < 480
        later = client.frames_to_time(frames + 4800)
        assert later - client.frames_to_time(frames) == pytest.approx(
            100_000, rel=0.2
        )
        back = client.time_to_frames(client.frames_to_time(frames))
        assert abs(back - frames) < 48
        assert type(later) is type(back) is int


@pytest.mark.parametrize('usecs', [
    -200_000, -20_000, -2000, 0, 2000, 20_000, 200_000])
def test_times_before_and_after_the_current_cycle_are_converted(
    client, wait_until, usecs
):
    with client:
        begin = client.frame_time
        wait_until(lambda: client.frame_time - begin > 4800)
        frames = client.frame_time
        now = client.frames_to_time(frames)
        distance = usecs * 48 // 1000
        # A server that has been late takes its cycles to be longer.
        assert client.time_to_frames(now + usecs) - frames == pytest.approx(
            distance, rel=0.5, abs=48
        )
        assert client.frames_to_time(frames + distance) - now == (
            pytest.approx(usecs, rel=0.5, abs=1000)
        )


def test_the_same_frame_is_the_same_time_in_another_process(
    server, client, wait_until
):
    with Peer(
        server,
        """
        import sys
        import jack
        from tests.notifications import wait_until

        client = jack.Client('far')
        client.activate()
        wait_until(lambda: client.frame_time)
        for line in sys.stdin:
            print('usecs', client.frames_to_time(int(line)), flush=True)
        client.close()
        """,
    ) as peer, client:

        def agree():
            frames = client.frame_time
            usecs = client.frames_to_time(frames)
            peer.tell(frames)
            return abs(int(peer.hear('usecs')) - usecs) < 10_000

        wait_until(lambda: client.frame_time)
        # Between the two, a late cycle may change the server's estimates.
        wait_until(agree)


@pytest.mark.parametrize('name', ['frames_to_time', 'time_to_frames'])
@pytest.mark.parametrize(
    ('value', 'error'),
    [(-1, ValueError), (2**64, ValueError), (1.5, TypeError),
     ('1', TypeError), (None, TypeError)],
    ids=repr,
)  # fmt: skip
def test_a_time_of_a_wrong_kind_is_refused(client, name, value, error):
    with pytest.raises(error):
        getattr(client, name)(value)


def test_frames_have_32_bits_and_microseconds_64(client, wait_until):
    client.activate()
    wait_until(lambda: client.frame_time)
    with pytest.raises(ValueError):
        client.frames_to_time(2**32)
    # Which one depends on the length of a cycle as JACK 1 sees it just now:
    # of a late one it may be negative, and 2**32 frames are a day.
    assert isinstance(client.frames_to_time(2**32 - 1), int)
    assert 0 <= client.time_to_frames(2**63) < 2**32


# -- Late cycles --------------------------------------------------------------


@pytest.fixture
def be_late(make_client):
    """A function that makes one cycle of the graph much too long."""
    late = make_client('late')
    cycle = Cycle(late)
    late.activate()
    # Some twenty periods: late on any machine.
    return lambda: cycle.run(lambda: time.sleep(0.1))


@pytest.mark.needs('notification of xruns')
def test_late_cycles_are_counted(client, be_late, wait_until):
    with client:
        for _ in range(3):
            before = client.xrun_count
            be_late()
            wait_until(lambda before=before: client.xrun_count > before)
    assert type(client.xrun_count) is int


@pytest.mark.needs('notification of xruns')
def test_late_cycles_are_counted_beside_an_xrun_callback(
    client, be_late, events, wait_until
):
    client.set_xrun_callback(events.put)
    with client:
        before = client.xrun_count
        be_late()
        events.next()
        wait_until(lambda: client.xrun_count > before)


@pytest.mark.needs('notification of xruns')
def test_late_cycles_are_not_counted_while_inactive(
    client, make_client, be_late, wait_until
):
    witness = make_client()
    with witness:
        be_late()
        wait_until(lambda: witness.xrun_count)
    assert client.xrun_count == 0


@pytest.mark.needs('notification of xruns')
@pytest.mark.needs('delays of the dummy driver')
def test_the_longest_delay_is_kept_until_it_is_reset(
    make_server, run_python
):
    # It is the driver's delay, so the whole server has to be late.
    server = make_server()
    run_python(
        """
        import os
        import queue
        import signal
        import sys
        import time
        import jack

        pid = int(sys.argv[1])
        client = jack.Client('waiting')
        delays = queue.SimpleQueue()
        client.set_xrun_callback(delays.put)
        with client:
            client.reset_max_delayed_usecs()
            longest = 0
            # A delay of before may be told afterwards.
            while not longest or client.max_delayed_usecs < longest:
                os.kill(pid, signal.SIGSTOP)
                time.sleep(0.1)
                os.kill(pid, signal.SIGCONT)
                longest = delays.get(timeout=5)
            most = client.max_delayed_usecs
            assert most >= longest > 0, (most, longest)
            assert type(client.max_delayed_usecs) is float
            assert client.reset_max_delayed_usecs() is None
            assert client.max_delayed_usecs < longest
        """,
        server.pid,
        server=server,
    )


# -- State --------------------------------------------------------------------


def test_a_client_whose_callback_failed_is_not_active(
    client, wait_until, capfd
):
    client.set_process_callback(lambda frames: 1 / 0)
    client.activate()
    wait_until(lambda: not client.active)
    assert isinstance(client.last_exception, ZeroDivisionError)
    assert not client.closed
    client.set_process_callback(lambda frames: None)
    client.activate()
    assert client.active
    assert client.last_exception is None


def test_a_client_without_its_server_is_not_active_but_open(
    make_server, run_python
):
    server = make_server()
    run_python(
        """
        import os
        import signal
        import sys
        import threading
        import jack

        client = jack.Client('bereft')
        gone = threading.Event()
        client.set_shutdown_callback(lambda status, reason: gone.set())
        client.activate()
        assert (client.active, client.closed) == (True, False)
        os.kill(int(sys.argv[1]), signal.SIGTERM)
        assert gone.wait(10)
        assert (client.active, client.closed) == (False, False)
        client.close()
        assert (client.active, client.closed) == (False, True)
        """,
        server.pid,
        server=server,
    )


# -- One server per process ---------------------------------------------------


def test_a_second_server_in_a_process_is_another_one_or_refused(
    make_server, run_python, lacks
):
    one, two = make_server(), make_server(blocksize=512)
    code = TWO_SERVERS
    if lacks('several servers for a process'):
        code = ONE_SERVER
    run_python(code, one.servername, two.servername, server=one)


def test_two_threads_may_open_clients_on_two_servers_at_the_same_time(
    make_server, run_python, lacks
):
    one, two = make_server(), make_server(blocksize=512)
    allowed = 1 if lacks('several servers for a process') else 2
    run_python(AT_ONCE, allowed, one.servername, two.servername, server=one)


# Two on the second server, as those do not exclude each other.
AT_ONCE = """
import sys
import threading
import jack

allowed, one, two = int(sys.argv[1]), *sys.argv[2:]
blocksizes = {one: 256, two: 512}

def open_one(server):
    barrier.wait()
    try:
        clients.append((jack.Client('one', servername=server), server))
    except jack.JackError as error:
        assert all(name in str(error) for name in (one, two)), error

for _ in range(5):
    clients, barrier = [], threading.Barrier(3)
    threads = [
        threading.Thread(target=open_one, args=(server,))
        for server in (one, two, two)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    servers = [server for _, server in clients]
    assert len(set(servers)) == allowed, servers
    assert two not in servers or servers.count(two) == 2, servers
    for client, server in clients:
        assert client.blocksize == blocksizes[server]
        client.close()
"""

TWO_SERVERS = """
import sys
import jack

one, two = sys.argv[1:]
first = jack.Client('first', servername=one)
second = jack.Client('second', servername=two)
with first, second:
    assert (first.blocksize, second.blocksize) == (256, 512)
    first.outports.register('out')
    second.inports.register('in')
    assert [port.name for port in first.get_ports('st:|nd:')] == ['first:out']
    assert [port.name for port in second.get_ports('st:|nd:')] == ['second:in']
    first.connect('system:capture_1', 'system:playback_1')
    assert second.get_all_connections('system:capture_1') == []
"""

# libjack would show the first one's graph to the clients of both.
ONE_SERVER = """
import os
import sys
import jack

one, two = sys.argv[1:]
first = jack.Client('first')
for attempt in range(2):
    try:
        jack.Client('second', servername=two)
    except jack.JackError as e:
        for name in 'first', 'second', one, two:
            assert name in str(e), e
    else:
        raise SystemExit('it was opened')
os.environ['JACK_DEFAULT_SERVER'] = two
try:
    jack.Client('second')
except jack.JackError:
    pass
else:
    raise SystemExit('it was opened')
# The same server by its name is fine.
same = jack.Client('same', servername=one)
assert same.blocksize == first.blocksize == 256
same.close()
first.close()
# And another one is when the first client is gone.
second = jack.Client('second', servername=two)
assert second.blocksize == 512
second.close()
"""
