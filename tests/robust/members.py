"""Every public member of the module, and arguments which suit each.

Imported by child processes (``tests.robust.members``).  Members are found by
inspection, so that a new one is tested as soon as it exists; one whose
arguments are not known here makes the tests fail.
"""

import inspect
import os
import queue
import re
import subprocess
import sys
import threading
import time

import jack

#: Dunder methods which users call by writing something else.
SYNTAX = {
    'Client': ['__enter__', '__exit__', '__repr__'],
    'Ports': [
        '__len__',
        '__getitem__',
        '__iter__',
        '__contains__',
        '__reversed__',
        '__repr__',
    ],
    'Port': ['__eq__', '__ne__', '__hash__', '__repr__'],
    'RingBuffer': ['__repr__'],
    'InternalClient': ['__repr__'],
}

AUDIO = '32 bit float mono audio'

#: Words of cffi's, which mean nothing to a user.
FOREIGN_WORDS = re.compile(r'\bcdata\b|\bctype\b|\bNULL\b|initializer')

#: What suits a parameter, by its name; a World is there to look into.
VALUES = {
    'name': lambda world: 'new-name',
    'use_exact_name': lambda world: False,
    'no_start_server': lambda world: True,
    'servername': lambda world: os.environ.get('JACK_DEFAULT_SERVER'),
    'session_id': lambda world: None,
    'ignore_errors': lambda world: True,
    'port': lambda world: 'system:playback_1',
    'other': lambda world: 'system:playback_1',
    'source': lambda world: world.client_name + ':out',
    'destination': lambda world: 'system:playback_1',
    'callback': lambda world: ignore,
    'userdata': lambda world: None,
    'only_available': lambda world: True,
    'conditional': lambda world: False,
    'shortname': lambda world: 'new',
    'porttype': lambda world: AUDIO,
    'is_output': lambda world: True,
    'is_terminal': lambda world: False,
    'is_physical': lambda world: False,
    'is_audio': lambda world: False,
    'is_midi': lambda world: False,
    'is_input': lambda world: False,
    'can_monitor': lambda world: False,
    'buffersize': lambda world: 0,
    'name_pattern': lambda world: 'system',
    'id': lambda world: 1,
    'onoff': lambda world: False,
    'frame': lambda world: 0,
    'frames': lambda world: 64,
    'usecs': lambda world: 1000,
    'timeout': lambda world: 2_000_000,
    'position': lambda world: world.position,
    'pos': lambda world: world.position,
    'status': lambda world: 0,
    'subject': lambda world: 4711,
    'key': lambda world: 'http://example.org/key',
    'value': lambda world: 'value',
    'uuid': lambda world: '4711',
    'library': lambda world: 'inprocess',
    'init': lambda world: '',
    'path': lambda world: '/nowhere/',
    'target': lambda world: None,
    'event': lambda world: b'\x90\x40\x40',
    'alias': lambda world: 'another-name',
    'mode': lambda world: jack.CAPTURE_LATENCY,
    'min': lambda world: 0,
    'max': lambda world: 64,
    'time': lambda world: 0,
    'size': lambda world: 3,
    'data': lambda world: b'abc',
    'blocksize': lambda world: 64,
    'transport_frame': lambda world: 0,
    'index': lambda world: 0,
    'thread': lambda world: threading.get_ident(),
    'priority': lambda world: 1,
    'code': lambda world: 1,
    'message': lambda world: 'text',
}

#: Where the same name means something else.
SPECIAL_VALUES = {
    'Client.__exit__.args': lambda world: None,
    'Client.set_property.type': lambda world: 'text/plain',
    'Client.session_notify.type': lambda world: 1,
    'Client.session_reply.event': lambda world: world.session_event,
    'Client.transport_reposition.frame': lambda world: 100,
    'OwnPort.tie.source': lambda world: world.own_in,
    'OwnMidiPort.tie.source': lambda world: world.own_midi_in,
    'JackOpenError.status': lambda world: jack.Status(1),
    'Port.__eq__.other': lambda world: world.own_out,
    'Port.__ne__.other': lambda world: world.own_out,
    'Ports.__contains__.port': lambda world: world.own_out,
}


def ignore(*args):
    """A callback that suits each setter."""


def public(cls):
    """The names of what users can see of a class."""
    names = [name for name in dir(cls) if not name.startswith('_')]
    for base in cls.__mro__:
        names += SYNTAX.get(base.__name__, [])
    return sorted(set(names))


def parameters(function):
    """The parameters of a bound method or of a function, without **kwargs."""
    return [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD
        and parameter.kind is not parameter.VAR_POSITIONAL
    ]


def suitable(owner, member, parameter, world):
    """A value which suits a parameter of a member.

    *owner* is a class, or None for a function of the module.
    """
    names = [base.__name__ for base in owner.__mro__] if owner else ['jack']
    for name in names:
        special = SPECIAL_VALUES.get(f'{name}.{member}.{parameter}')
        if special is not None:
            return special(world)
    if parameter not in VALUES:
        raise LookupError(
            f'{__name__} has to learn what suits {parameter!r} of '
            f'{names[0]}.{member}()'
        )
    return VALUES[parameter](world)


def uses(target, world, skip=()):
    """Yield (description, member, function) for each way to use *target*.

    Methods are called with as few arguments as possible, and with all.
    Members in *skip* are left out.
    """
    cls = type(target)
    for name in public(cls):
        if name in skip:
            continue
        found = inspect.getattr_static(cls, name)
        if isinstance(found, property):
            yield f'{name}', name, lambda name=name: getattr(target, name)
            if found.fset is not None:
                value = suitable(cls, name, name, world)
                yield (
                    f'{name} = {value!r}',
                    name,
                    lambda name=name, value=value: setattr(
                        target, name, value
                    ),
                )
            continue
        if not callable(found):
            yield f'{name}', name, lambda name=name: getattr(target, name)
            continue
        method = getattr(target, name)
        wanted = parameters(method)
        few = [p for p in wanted if p.default is p.empty]
        for chosen in [few, wanted] if few != wanted else [few]:
            arguments = [
                suitable(cls, name, p.name, world) for p in chosen
            ]
            yield (
                f'{name}{tuple(arguments)!r}',
                name,
                lambda method=method, arguments=arguments: method(*arguments),
            )


def with_two_ports(client):
    """Have a client others can look at."""
    client.outports.register('audio')
    client.midi_outports.register('midi')
    client.activate()


class Elsewhere:
    """A client with two ports in a process of its own."""

    def __init__(self, name):
        self.process = subprocess.Popen(
            [sys.executable, '-c', ELSEWHERE, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout.readline() == b'up\n'

    def kill(self):
        self.process.kill()
        self.close()

    def close(self):
        self.process.communicate()


ELSEWHERE = """
import sys
import jack
from tests.robust.members import with_two_ports
client = jack.Client(sys.argv[1])
with_two_ports(client)
print('up', flush=True)
sys.stdin.read()
"""


class World:
    """A client with ports of each kind, and handles of others' ports.

    There is one more client, called 'neighbour', in the same process: but not
    on PipeWire 0.3, whose libjack then ends up in an endless loop after some
    ten thousand ports (as it does in C: see "What can go wrong").
    """

    client_name = 'subject'

    def __init__(self, foreign=None):
        if jack._EARLY_PIPEWIRE:
            self.neighbour = Elsewhere('neighbour')
        else:
            self.neighbour = jack.Client('neighbour')
            with_two_ports(self.neighbour)
        self.jobs = queue.SimpleQueue()
        self.open()
        self.foreign_audio, self.foreign_midi = (
            self.client.get_port_by_name(f'{foreign or "neighbour"}:{name}')
            for name in ('audio', 'midi')
        )
        self.ring = jack.RingBuffer(64)

    def open(self):
        """Open the client anew."""
        self.client = client = jack.Client(
            self.client_name, use_exact_name=True
        )
        self.own_in = client.inports.register('in')
        self.own_out = client.outports.register('out')
        self.own_midi_in = client.midi_inports.register('midi-in')
        self.own_midi_out = client.midi_outports.register('midi-out')
        self.lists = {
            name: getattr(client, name)
            for name in ('inports', 'outports', 'midi_inports',
                         'midi_outports')
        }
        self.position = client.transport_query_struct()[1]
        self.session_event = jack.SessionEvent(session_event(), client._core)

    def ports(self):
        """Return a port of each kind, of the client's own and of others."""
        return [
            self.own_in,
            self.own_out,
            self.own_midi_in,
            self.own_midi_out,
            self.foreign_audio,
            self.foreign_midi,
        ]

    def activate(self):
        """Activate the client, so that `in_cycle` works."""
        self.client.set_process_callback(self._process)
        self.client.activate()

    def in_cycle(self, job, timeout=10):
        """Return what *job* returned in the process callback, or raise."""
        results = queue.SimpleQueue()
        self.jobs.put((job, results))
        result, error = results.get(timeout=timeout)
        if error is not None:
            raise error
        return result

    def _process(self, frames):
        while not self.jobs.empty():
            job, results = self.jobs.get()
            try:
                results.put((job(), None))
            except BaseException as error:
                results.put((None, error))

    def close(self):
        self.client.close()
        self.neighbour.close()


def session_event():
    """A session event as libjack makes them, but not of a server."""
    ffi = jack._ffi
    directory, uuid = ffi.new('char[]', b'/tmp/'), ffi.new('char[]', b'4711')
    event = ffi.new('jack_session_event_t *')
    event.type = 1
    event.session_dir = directory
    event.client_uuid = uuid
    _kept.append((event, directory, uuid))
    return event


_kept = []


class Report:
    """Collects what went wrong, and what took how long.

    What takes the interpreter down is the last line of the file 'progress'.
    """

    def __init__(self):
        self.problems = []
        self.progress = open('progress', 'w')  # noqa: SIM115
        self.slowest = 0, 'nothing'
        self.count = 0

    def run(self, what, function, accept, allowed=()):
        """Run *function*, which must end soon and in an accepted way.

        *allowed* exceptions are returned; of anything else *accept* is told.
        Every message has to be free of cffi's words.
        """
        print(what, file=self.progress, flush=True)
        self.count += 1
        begin = time.monotonic()
        try:
            result, error = function(), None
        except BaseException as e:
            result, error = None, e
        seconds = time.monotonic() - begin
        self.slowest = max(self.slowest, (seconds, what))
        if seconds > 5:
            self.problems.append(f'{what}: took {seconds:.1f} s')
        if error is not None:
            text = f'{type(error).__name__}: {error}'
            if FOREIGN_WORDS.search(text):
                self.problems.append(f'{what}: speaks of C: {text}')
            # A server that is well answers.
            if not isinstance(error, tuple(allowed)) or isinstance(
                error, jack._NoAnswer
            ):
                self.problems.append(f'{what}: {text}')
                return error
        complaint = accept(result, error)
        if complaint:
            self.problems.append(f'{what}: {complaint}')
        return error

    def finish(self):
        """Fail if anything was wrong."""
        self.progress.close()
        seconds, what = self.slowest
        print(f'{self.count} calls, the slowest {seconds:.2f} s: {what}')
        if self.problems:
            raise SystemExit('\n'.join(self.problems))
