"""The blocking process loop: set_process_thread, cycle_wait, cycle_signal."""

import queue
import threading

import pytest
from peers import Peer, Rhythm
from signals import block_number, make_block

import jack

BLOCKS = 32


def loop_of(client, work=None):
    """Give *client* the plainest of loops; returns the cycles it has seen."""
    cycles = []

    @client.set_process_thread
    def loop():
        while True:
            frames = client.cycle_wait()
            cycles.append(frames)
            if work is not None:
                work(frames)
            client.cycle_signal()

    return cycles


# -- Running ------------------------------------------------------------------


def test_the_loop_runs_while_the_client_is_active(client, wait_until):
    cycles = loop_of(client)
    assert cycles == []
    with client:
        wait_until(lambda: len(cycles) > 20)
        client.deactivate()
        number = len(cycles)
        begin = client.frame_time
        wait_until(lambda: client.frame_time - begin > 5 * client.blocksize)
        assert len(cycles) == number


def test_cycle_wait_returns_the_blocksize(client, wait_until):
    cycles = loop_of(client)
    with client:
        wait_until(lambda: cycles)
        assert set(cycles) == {client.blocksize}
        assert type(cycles[0]) is int


def test_the_loop_runs_once_in_each_cycle(client, wait_until):
    rhythm = Rhythm(client)
    loop_of(client, rhythm.note)
    with client:
        wait_until(lambda: len(rhythm.steps()) > 40, 10)
    rhythm.check()


def test_the_loop_runs_on_jacks_process_thread(client, wait_until):
    idents = set()
    loop_of(client, lambda frames: idents.add(threading.get_ident()))
    with client:
        wait_until(lambda: idents)
        assert idents == {client.thread_id}
        assert threading.get_ident() not in idents


def test_the_setter_is_a_decorator_that_keeps_the_function(client):
    def loop():
        """Never runs."""

    assert client.set_process_thread(loop) is loop


def test_the_loop_can_run_again_after_a_reactivation(client, wait_until):
    cycles = loop_of(client)
    for _ in range(3):
        cycles.clear()
        client.activate()
        wait_until(lambda: len(cycles) > 3)
        client.deactivate()
        assert not client.active
    assert client.last_exception is None


def test_the_loop_may_set_up_things_before_its_first_cycle(
    client, wait_until
):
    order = []

    @client.set_process_thread
    def loop():
        order.append('set-up')
        try:
            while True:
                client.cycle_wait()
                order.append('cycle')
                client.cycle_signal()
        finally:
            order.append('tear-down')

    with client:
        wait_until(lambda: order.count('cycle') > 3)
        client.deactivate()
        assert order[0] == 'set-up'
        assert order[-1] == 'tear-down'
        assert set(order[1:-1]) == {'cycle'}


# -- Audio --------------------------------------------------------------------

SOURCE = """
import sys
import jack
from tests.signals import make_block

client = jack.Client('far-source')
output = client.outports.register('out')
count = int(sys.argv[1])
blocks = [make_block(n, client.blocksize) for n in range(1, count + 1)]

@client.set_process_thread
def loop():
    while True:
        for block in blocks:
            frames = client.cycle_wait()
            output.get_buffer()[:] = block
            client.cycle_signal()

with client:
    print('ready', client.name, flush=True)
    sys.stdin.read()
"""

THRU = """
import sys
import jack

client = jack.Client('far-thru')
input_ = client.inports.register('in')
output = client.outports.register('out')

@client.set_process_thread
def loop():
    while True:
        client.cycle_wait()
        output.get_buffer()[:] = input_.get_buffer()
        client.cycle_signal()

with client:
    print('ready', client.name, flush=True)
    sys.stdin.read()
"""


def test_audio_is_bit_exact_through_three_loops_in_three_processes(
    server, client, wait_until
):
    expected = {n: make_block(n, client.blocksize) for n in range(BLOCKS + 1)}
    input_ = client.inports.register('in')
    numbers, damaged = [], []

    def take(frames):
        data = bytes(input_.get_buffer())
        number = block_number(data)
        if number == 0:
            assert not any(data)
        elif expected.get(number) == data:
            numbers.append(number)
        else:
            damaged.append(data)

    loop_of(client, take)
    with Peer(server, SOURCE, BLOCKS) as source, Peer(server, THRU) as thru:
        first, second = source.hear('ready'), thru.hear('ready')
        with client:
            client.connect(f'{second}:out', input_)
            client.connect(f'{first}:out', f'{second}:in')
            wait_until(
                lambda: len(set(numbers)) == BLOCKS
                or damaged
                or client.last_exception,
                10,
                'all blocks',
            )
            assert client.last_exception is None
    assert damaged == []
    steps = {(b - a) % BLOCKS for a, b in zip(numbers, numbers[1:])}
    assert 1 in steps


def test_midi_passes_through_loops(make_client, wait_until):
    sender, receiver = make_client('sender'), make_client('receiver')
    output = sender.midi_outports.register('out')
    input_ = receiver.midi_inports.register('in')
    received = []

    def send(frames):
        output.clear_buffer()
        output.write_midi_event(7, b'\x90\x3c\x40')

    loop_of(sender, send)
    loop_of(
        receiver,
        lambda frames: received.extend(
            (time, bytes(event))
            for time, event in input_.incoming_midi_events()
        ),
    )
    with sender, receiver:
        sender.connect(output, input_)
        wait_until(lambda: len(received) > 10)
    assert set(received) == {(7, b'\x90\x3c\x40')}


def test_buffers_are_there_between_wait_and_signal_only(client, wait_until):
    port = client.outports.register('out')
    errors = []

    def grab():
        try:
            port.get_buffer()
        except jack.JackError as e:
            errors.append(str(e))
        else:
            errors.append(None)

    @client.set_process_thread
    def loop():
        grab()
        while True:
            client.cycle_wait()
            grab()
            client.cycle_signal()
            grab()

    with client:
        wait_until(lambda: len(errors) >= 3)
    before, within, after = errors[:3]
    assert within is None
    assert before
    assert after


# -- The end ------------------------------------------------------------------


def test_deactivation_ends_the_loop_with_callback_exit(client):
    ends = []

    @client.set_process_thread
    def loop():
        try:
            while True:
                client.cycle_wait()
                client.cycle_signal()
        except BaseException as e:
            ends.append(e)
            raise

    client.activate()
    client.deactivate()
    assert [type(end) for end in ends] == [jack.CallbackExit]
    assert client.last_exception is None


def test_deactivation_leaves_no_word_on_stderr(client, wait_until, capfd):
    cycles = loop_of(client)
    with client:
        wait_until(lambda: cycles)
    assert 'Traceback' not in capfd.readouterr().err


def test_a_loop_that_returns_leaves_the_graph(
    client, make_client, wait_until
):
    other = make_client()
    target = other.inports.register('in')
    source = client.outports.register('out')
    other.activate()
    connected = threading.Event()
    cycles = []

    @client.set_process_thread
    def loop():
        while not connected.is_set():
            client.cycle_wait()
            client.cycle_signal()
        for _ in range(5):
            cycles.append(client.cycle_wait())
            client.cycle_signal()

    client.activate()
    source.connect(target)
    connected.set()
    wait_until(lambda: not client.active)
    assert len(cycles) == 5
    assert client.last_exception is None
    wait_until(lambda: not source.connections)
    client.activate()
    wait_until(lambda: len(cycles) == 10)


@pytest.mark.needs('process threads that leave the ports unconnected')
def test_the_ports_of_a_loop_that_has_returned_cannot_be_connected(
    client, make_client, wait_until
):
    other = make_client()
    port = client.outports.register('out')
    client.set_process_thread(lambda: client.cycle_wait())
    client.activate()
    wait_until(lambda: not client.active)
    sink = other.inports.register('in')

    def is_refused():
        try:
            other.connect(port, sink)
            other.disconnect(port, sink)
        except jack.JackError:
            return True
        return False    # It leaves in one of the next cycles.

    # They are still there, but as those of an inactive client.
    with other:
        wait_until(is_refused)
        assert list(client.outports) == [port]
        with pytest.raises(jack.JackError):
            other.connect(port, sink)


def test_a_loop_that_returns_does_not_hold_the_others_up(
    client, make_client, wait_until
):
    other = make_client()
    cycles = loop_of(other)
    client.set_process_thread(lambda: client.cycle_wait())
    with other:
        client.activate()
        wait_until(lambda: not client.active)
        number = len(cycles)
        wait_until(lambda: len(cycles) > number + 10, timeout=1)


def test_an_exception_in_the_loop_is_reported_and_leaves_the_graph(
    client, wait_until, capfd
):
    error = ValueError('the loop is broken')

    @client.set_process_thread
    def loop():
        client.cycle_wait()
        raise error

    client.activate()
    wait_until(lambda: not client.active)
    assert client.last_exception is error
    printed = capfd.readouterr().err
    assert printed.count('Traceback') == 1
    assert 'ValueError: the loop is broken' in printed


def test_callback_exit_in_the_loop_is_silent(client, wait_until, capfd):
    @client.set_process_thread
    def loop():
        client.cycle_wait()
        raise jack.CallbackExit

    client.activate()
    wait_until(lambda: not client.active)
    assert type(client.last_exception) is jack.CallbackExit
    assert capfd.readouterr().err == ''


def test_a_status_other_than_zero_leaves_the_graph(
    client, wait_until, capfd
):
    cycles = []

    @client.set_process_thread
    def loop():
        while True:
            cycles.append(client.cycle_wait())
            client.cycle_signal(1 if len(cycles) == 3 else 0)

    client.activate()
    wait_until(lambda: not client.active)
    assert len(cycles) == 3
    assert 'Traceback' not in capfd.readouterr().err


def test_a_cycle_that_was_not_signalled_is_ended_by_the_next_wait(
    client, make_client, wait_until
):
    other = make_client()
    cycles = []

    @client.set_process_thread
    def loop():
        while True:
            cycles.append(client.cycle_wait())

    seen = loop_of(other)
    with client, other:
        wait_until(lambda: len(cycles) > 10 and len(seen) > 10)
    assert client.last_exception is None


def test_the_loop_ends_in_time_whatever_other_threads_do(run_python):
    # JACK cancels its thread when a client is deactivated, which must not be
    # waiting for the interpreter lock then.
    run_python("""
        import threading
        import jack

        client = jack.Client('busy')
        cycled = threading.Event()

        @client.set_process_thread
        def loop():
            while True:
                client.cycle_wait()
                cycled.set()
                client.cycle_signal()

        done = False

        def spin():
            while not done:
                pass

        spinner = threading.Thread(target=spin)
        spinner.start()
        for _ in range(10):
            cycled.clear()
            client.activate()
            assert cycled.wait(5)
            client.deactivate()
        done = True
        spinner.join()
        client.close()
        """)


# -- Misuse -------------------------------------------------------------------


@pytest.mark.parametrize('method', ['cycle_wait', 'cycle_signal'])
@pytest.mark.parametrize('where', ['inactive', 'active', 'with a loop'])
def test_the_two_methods_are_for_the_loop_only(
    client, wait_until, method, where
):
    if where == 'with a loop':
        cycles = loop_of(client)
    if where != 'inactive':
        client.activate()
    if where == 'with a loop':
        wait_until(lambda: cycles)
    with pytest.raises(jack.JackError, match=rf'{method}\(\).*set_process_th'):
        getattr(client, method)()
    client.deactivate()
    assert client.last_exception is None


@pytest.mark.parametrize('method', ['cycle_wait', 'cycle_signal'])
def test_the_two_methods_are_refused_in_a_process_callback(
    client, wait_until, method, capfd
):
    client.set_process_callback(lambda frames: getattr(client, method)())
    client.activate()
    wait_until(lambda: client.last_exception)
    assert isinstance(client.last_exception, jack.JackError)
    assert 'set_process_thread' in str(client.last_exception)


@pytest.mark.parametrize('method', ['cycle_wait', 'cycle_signal'])
def test_the_two_methods_are_refused_in_anothers_loop(
    client, make_client, wait_until, method, capfd
):
    other = make_client()
    loop_of(other)
    client.set_process_thread(lambda: getattr(other, method)())
    with other:
        client.activate()
        wait_until(lambda: client.last_exception)
    assert isinstance(client.last_exception, jack.JackError)
    assert other.last_exception is None


@pytest.mark.parametrize('method', ['cycle_wait', 'cycle_signal'])
def test_a_closed_client_has_no_cycles(make_client, method):
    client = make_client()
    client.close()
    with pytest.raises(jack.JackError, match='closed'):
        getattr(client, method)()


def test_a_signal_without_a_cycle_is_an_error(client, wait_until, capfd):
    @client.set_process_thread
    def loop():
        client.cycle_wait()
        client.cycle_signal()
        client.cycle_signal()

    client.activate()
    wait_until(lambda: client.last_exception)
    assert isinstance(client.last_exception, jack.JackError)
    assert 'cycle_wait()' in str(client.last_exception)


def test_a_client_has_a_loop_or_a_callback_but_not_both(make_client):
    one, two = make_client(), make_client()
    one.set_process_callback(lambda frames: None)
    with pytest.raises(jack.JackError, match='set_process_callback'):
        one.set_process_thread(lambda: None)
    two.set_process_thread(lambda: None)
    with pytest.raises(jack.JackError, match='set_process_thread'):
        two.set_process_callback(lambda frames: None)


def test_the_loop_of_an_active_client_is_fixed(active_client):
    with pytest.raises(jack.JackError, match='deactivate'):
        active_client.set_process_thread(lambda: None)


@pytest.mark.parametrize('bad', [None, 7, 'loop'], ids=repr)
def test_what_cannot_be_called_is_a_type_error(client, bad):
    with pytest.raises(TypeError):
        client.set_process_thread(bad)


@pytest.mark.parametrize('kind', ['sync', 'timebase'])
def test_a_callback_within_the_wait_cannot_wait(client, wait_until, kind):
    errors = queue.SimpleQueue()
    cycles = []

    def callback(*args):
        for method in client.cycle_wait, client.cycle_signal:
            try:
                method()
            except jack.JackError as error:
                errors.put(str(error))
        return True

    @client.set_process_thread
    def loop():
        while True:
            cycles.append(client.cycle_wait())
            client.cycle_signal()

    getattr(client, f'set_{kind}_callback')(callback)
    with client:
        client.transport_start()
        # On JACK 1, the sync callback is on another thread.
        assert 'cycle_wait() may' in errors.get(timeout=5)
        seen = len(cycles)
        wait_until(lambda: len(cycles) > seen + 5)
        client.transport_stop()
    assert client.last_exception is None
