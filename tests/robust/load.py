"""Loads a server as no program would; run as a child process.

    python -m tests.robust.load WHAT [AMOUNT]

Prints what has been done, and what is left of the memory.
"""

import contextlib
import gc
import os
import random
import subprocess
import sys
import threading
import time

import jack
from tests.notifications import wait_until
from tests.robust.members import ignore


def count(kind):
    """How many file descriptors ('fd') or threads ('task') there are."""
    return len(os.listdir(f'/proc/self/{kind}'))


def memory():
    """How much memory the process has, in kB."""
    # PyPy lets garbage lie about for a while.
    gc.collect()
    with open('/proc/self/status', encoding='ascii') as file:
        for line in file:
            if line.startswith('VmRSS:'):
                return int(line.split()[1])
    raise AssertionError('no VmRSS')


class Counter:
    """A process callback that counts, and passes sound on."""

    def __init__(self, client):
        self.cycles = 0
        self.source = client.outports.register('counter-out')
        self.target = client.inports.register('counter-in')
        client.set_process_callback(self)

    def __call__(self, frames):
        self.cycles += 1
        self.source.get_buffer()[:] = self.target.get_buffer()


# -- Threads ------------------------------------------------------------------


class Caller(threading.Thread):
    """Registers, connects, lists and unregisters until it is told to stop."""

    def __init__(self, client, number, stop):
        super().__init__(daemon=True)
        self.client = client
        self.number = number
        self.stop = stop
        self.calls = 0
        self.refused = 0
        self.slowest = 0
        self.random = random.Random(number)
        self.problems = []
        self.steps = (self.register, self.list, self.look, self.disconnect,
                      self.unregister)

    def run(self):
        while not self.stop.is_set():
            for function in self.steps:
                begin = time.monotonic()
                try:
                    function()
                except jack.JackError:
                    # Others have unregistered it, or the like.
                    self.refused += 1
                except BaseException as error:
                    self.problems.append(repr(error))
                    return
                self.slowest = max(self.slowest, time.monotonic() - begin)

    def register(self):
        name = f'{self.number}-{self.calls}'
        self.source = self.client.outports.register(f'{name}-out')
        self.target = self.client.midi_inports.register(f'{name}-midi')
        self.sink = self.client.inports.register(f'{name}-in')
        self.calls += 4
        self.client.connect(self.source, self.sink)

    def list(self):
        self.calls += 2
        outputs = self.client.get_ports(is_output=True)
        assert self.source in outputs, (self.source, outputs)
        assert self.client.get_ports('system:'), 'no ports of the system'

    def look(self):
        """At anybody's ports: they may vanish meanwhile."""
        ports = self.client.get_ports()
        for port in self.random.sample(ports, min(len(ports), 8)):
            self.calls += 3
            with contextlib.suppress(jack.JackError):
                assert ':' in port.name, port.name
                assert port.is_input != port.is_output, port
                self.client.get_all_connections(port)

    def disconnect(self):
        self.calls += 1
        self.client.disconnect(self.source, self.sink)

    def unregister(self):
        for port in self.source, self.target, self.sink:
            self.calls += 1
            port.unregister()


class Asker(Caller):
    """Asks for what it knows, until it is told to stop."""

    def __init__(self, client, number, stop):
        super().__init__(client, number, stop)
        self.steps = (self.ask,)

    def ask(self):
        self.calls += 1
        uuid = self.client.get_uuid_for_client_name(self.client.name)
        assert uuid == self.client.uuid, uuid


class Switch(Caller):
    """Activates and deactivates until it is told to stop."""

    def __init__(self, client, number, stop):
        super().__init__(client, number, stop)
        self.steps = self.activate, self.deactivate

    def activate(self):
        self.calls += 1
        self.client.activate()

    def deactivate(self):
        self.calls += 1
        self.client.deactivate()


def call(callers, stop, seconds):
    """Let threads do what they do; returns how long they have done so."""
    (client,) = {caller.client for caller in callers}
    begin = time.monotonic()
    for caller in callers:
        caller.start()
    stop.wait(seconds)
    stop.set()
    for caller in callers:
        caller.join(20)
        assert not caller.is_alive(), 'a thread hangs'
    elapsed = time.monotonic() - begin
    problems = [p for caller in callers for p in caller.problems]
    assert not problems, problems[:3]
    assert client.last_exception is None
    return elapsed


def switches(seconds):
    """Threads activate and deactivate a client that others use."""
    client = jack.Client('switched')
    counter = Counter(client)
    stop = threading.Event()
    askers = [Asker(client, number, stop) for number in range(4)]
    others = [Switch(client, number, stop) for number in range(4)]
    elapsed = call(askers + others, stop, seconds)
    assert not any(asker.refused for asker in askers)
    slowest = max(caller.slowest for caller in askers + others)
    assert slowest < 5, slowest
    # It can be used as ever.
    client.activate()
    client.connect(counter.source, counter.target)
    first = counter.cycles
    wait_until(lambda: counter.cycles > first + 100)
    print(
        f'{sum(c.calls for c in askers)} calls of 4 threads while 4 others '
        f'activated and deactivated {sum(c.calls for c in others)} times '
        f'({sum(c.refused for c in others)} refused, the slowest '
        f'{slowest:.2f} s) in {elapsed:.0f} s, {memory()} kB'
    )
    client.close()


def threads(seconds):
    """Eight threads use one client, while its cycles run."""
    client = jack.Client('loaded')
    counter = Counter(client)
    client.activate()
    client.connect(counter.source, counter.target)
    stop = threading.Event()
    callers = [Caller(client, number, stop) for number in range(8)]
    first = counter.cycles
    elapsed = call(callers, stop, seconds)
    cycles = counter.cycles - first
    assert client.active
    # Nothing of what has been registered is left.
    names = [port.shortname for port in client.get_ports('^loaded:')]
    assert sorted(names) == ['counter-in', 'counter-out'], names
    assert [p.name for p in counter.source.connections] == [
        'loaded:counter-in'
    ]
    slowest = max(caller.slowest for caller in callers)
    assert slowest < 5, slowest
    # They go on as ever.
    wait_until(lambda: counter.cycles > first + cycles + 100)
    calls = sum(caller.calls for caller in callers)
    assert calls > 100 * seconds, calls
    expected = elapsed * client.samplerate / client.blocksize
    print(
        f'8 threads: {calls} calls ({calls / elapsed:.0f} per second, '
        f'{sum(c.refused for c in callers)} refused, the slowest '
        f'{slowest:.2f} s), {cycles} of {expected:.0f} cycles of '
        f'{client.blocksize} frames, {client.xrun_count} xruns, '
        f'{memory()} kB'
    )
    client.close()


# -- Ports --------------------------------------------------------------------


def ports(number):
    """One client has very many ports."""
    client = jack.Client('loaded')
    counter = Counter(client)
    client.activate()
    others = [
        client.outports.register(f'out-{n}') for n in range(number)
    ]
    listed = client.get_ports('^loaded:out-')
    assert [port.name for port in listed] == [port.name for port in others]
    assert len(client.outports) == number + 1
    assert all(port in listed for port in others[::50])
    for port in others[:20]:
        client.connect(port, counter.target)
    wait_until(lambda: counter.target.number_of_connections == 20)
    assert counter.target.connections == others[:20]
    before = counter.cycles
    wait_until(lambda: counter.cycles > before + 20)
    # The process callback is not to miss its port.
    client.deactivate()
    client.outports.clear()
    client.set_process_callback(lambda frames: None)
    client.activate()
    assert [p.shortname for p in client.get_ports('^loaded:')] == [
        'counter-in'
    ]
    print(f'{number} ports, {memory()} kB')
    client.close()


def port_limit():
    """Ports are registered until the server refuses."""
    client = jack.Client('greedy')
    registered = []
    try:
        while len(registered) < 10_000:
            registered.append(client.inports.register(f'{len(registered)}'))
    except jack.JackError as error:
        assert 'jackd -p' in str(error), error
    else:
        raise AssertionError('no end of ports')
    assert len(client.get_ports('^greedy:')) == len(registered)
    registered.pop().unregister()
    client.inports.register('again')
    client.close()
    print(f'{len(registered) + 1} ports until the server refused')


VANISHING = """
import itertools
import sys
import jack
client = jack.Client('vanishing')
target = client.inports.register('target')
client.activate()
print('up', flush=True)
for number in itertools.count():
    ports = [client.outports.register(f'{number}-{n}') for n in range(4)]
    client.connect(ports[0], target)
    for port in ports:
        port.unregister()
"""


def vanishing(seconds):
    """Somebody else's ports vanish while lists are made of them."""
    other = subprocess.Popen(
        [sys.executable, '-c', VANISHING], stdout=subprocess.PIPE
    )
    assert other.stdout.readline() == b'up\n'
    client = jack.Client('watcher')
    client.activate()
    target = client.get_port_by_name('vanishing:target')
    lists, seen, gone = 0, set(), 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        # Not one of these may fail.
        found = client.get_ports('^vanishing:')
        found += client.get_all_connections(target)
        found += client.get_ports(is_output=True)
        lists += 3
        for port in found:
            try:
                assert port.name == f'vanishing:{port.shortname}' or (
                    port.name.startswith('system:')
                )
                assert not port.is_midi
                seen.add(port.name)
            except jack.JackError as error:
                assert 'gone' in str(error), error
                gone += 1
    other.kill()
    other.communicate()
    assert len(seen) > 20, seen
    assert gone, 'nothing has vanished'
    print(f'{lists} lists, {len(seen)} ports seen, {gone} gone at once')
    client.close()


# -- Clients ------------------------------------------------------------------


PASSING = """
import itertools
import jack
client = jack.Client('passing')
print('up', flush=True)
for number in itertools.count():
    client.outports.register(f'{number}').unregister()
"""


def beside(number):
    """A client joins, connects and leaves while others' ports vanish."""
    client = jack.Client('fickle')
    counter = Counter(client)
    sink = client.inports.register('sink')
    other = subprocess.Popen(
        [sys.executable, '-c', PASSING], stdout=subprocess.PIPE
    )
    assert other.stdout.readline() == b'up\n'
    for round_number in range(number):
        counter.cycles = 0
        client.activate()
        source = client.outports.register(f'source-{round_number}')
        client.connect(source, sink)
        assert source.is_connected_to(sink)
        wait_until(lambda: counter.cycles)
        client.disconnect(source, sink)
        assert not source.is_connected_to(sink)
        source.unregister()
        client.deactivate(ignore_errors=False)
        assert client.last_exception is None
        jack.Client('guest').close(ignore_errors=False)
    assert other.poll() is None
    other.kill()
    other.communicate()
    client.close(ignore_errors=False)
    print(f'{number} rounds')


def client_limit():
    """Clients are opened until the server refuses."""
    clients = []
    slowest = 0
    try:
        while len(clients) < 1000:
            begin = time.monotonic()
            clients.append(jack.Client(f'greedy-{len(clients)}'))
            slowest = max(slowest, time.monotonic() - begin)
    except jack.JackOpenError as error:
        assert error.status.failure
        assert 'clients' in str(error), error
    else:
        raise AssertionError('no end of clients')
    number = len(clients)
    # Whoever is there already can go on.
    cycle = threading.Event()
    clients[-1].set_process_callback(lambda frames: cycle.set())
    clients[-1].activate()
    assert cycle.wait(5)
    while clients:
        clients.pop().close()
    jack.Client('again').close()
    print(f'{number} clients until the server refused, '
          f'the slowest after {slowest:.2f} s')


def churn(number):
    """Clients come and go, and leave nothing behind."""

    def one():
        client = jack.Client('passer-by')
        counter = Counter(client)
        with client:
            client.connect(counter.source, counter.target)
            wait_until(lambda: counter.cycles > 1)

    for _ in range(min(number, 50)):
        one()
    before = count('fd'), count('task'), memory()
    begin = time.monotonic()
    for _ in range(number):
        one()
    after = count('fd'), count('task'), memory()
    print(
        f'{number} clients opened and closed in '
        f'{time.monotonic() - begin:.0f} s: descriptors {before[0]} to '
        f'{after[0]}, threads {before[1]} to {after[1]}, memory {before[2]} '
        f'to {after[2]} kB'
    )
    assert after[0] == before[0]
    # One more may have been hired while another was just done.
    assert after[1] <= before[1] + 1
    assert after[2] < before[2] + 1000 + number, 'memory has grown'


def neighbours(number):
    """Clients come and go beside others that do; no one may wait for long."""
    for _ in range(number):
        begin = time.monotonic()
        client = jack.Client('neighbour')
        counter = Counter(client)
        client.activate()
        wait_until(lambda counter=counter: counter.cycles > 3)
        client.connect('system:capture_1', counter.target)
        client.deactivate()
        client.close()
        seconds = time.monotonic() - begin
        assert seconds < 5, seconds
    print(f'{number} clients')


# -- Cycles -------------------------------------------------------------------


def cycles(number):
    """A day's worth of cycles, in freewheel mode."""
    client = jack.Client('tireless')
    counter = Counter(client)
    midi_out = client.midi_outports.register('midi-out')
    midi_in = client.midi_inports.register('midi-in')
    events = [0]

    @client.set_process_callback
    def process(frames):
        counter(frames)
        for _, event in midi_in.incoming_midi_events():
            events[0] += len(event) == 3
        midi_out.clear_buffer()
        midi_out.write_midi_event(counter.cycles % frames, b'\x90\x40\x40')

    client.activate()
    client.connect(counter.source, counter.target)
    client.connect(midi_out, midi_in)
    client.set_freewheel(True)
    # What PyPy makes of the code takes memory as well, at first.
    wait_until(lambda: counter.cycles > min(100_000, number), 60)
    first, begin, kilobytes = counter.cycles, time.monotonic(), memory()
    print(f'at the start {kilobytes} kB', flush=True)
    for step in range(1, 11):
        goal = first + number * step // 10
        wait_until(lambda goal=goal: counter.cycles >= goal
                   or client.last_exception, 7200)
        assert client.last_exception is None
        print(f'after {counter.cycles - first} cycles '
              f'{memory()} kB', flush=True)
    elapsed = time.monotonic() - begin
    client.set_freewheel(False)
    done = counter.cycles - first
    print(f'{done} cycles of {client.blocksize} frames in {elapsed:.0f} s '
          f'({done / elapsed:.0f} per second), {events[0]} MIDI events')
    assert events[0] > 0.9 * done
    assert memory() < kilobytes + 2000, 'memory has grown'
    client.close()


KINDS = {
    'switches': switches,
    'threads': threads,
    'ports': ports,
    'port-limit': port_limit,
    'vanishing': vanishing,
    'beside': beside,
    'client-limit': client_limit,
    'churn': churn,
    'neighbours': neighbours,
    'cycles': cycles,
}


if __name__ == '__main__':
    jack.set_error_function(ignore)
    KINDS[sys.argv[1]](*map(int, sys.argv[2:]))
