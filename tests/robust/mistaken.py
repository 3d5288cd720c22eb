"""Gives each parameter of everything what it cannot take; run as a child.

    python -m tests.robust.mistaken GROUP
"""

import inspect
import os
import sys
import threading

import numpy

import jack
from tests.notifications import wait_until
from tests.robust.members import (
    Report,
    World,
    ignore,
    parameters,
    public,
    suitable,
)

#: What is passed to each parameter.
WRONG = {
    'None': None,
    'int': 64,
    'true': True,
    '-1': -1,
    '2**32': 2**32,
    '2**64': 2**64,
    'nan': float('nan'),
    'float': 1.5,
    'bytes': b'bytes',
    'object': object(),
    'empty': '',
    'text': 'text',
    'long': 'x' * 300,
    'longer': 'y' * 5000,
    'nul': 'nu\0l',
    'lone surrogate': 'lo\ud800ne',
    'escaped byte': 'by\udcffte',
    'colon': 'co:lon',
    'regex': '(',
    'int32': numpy.int32(3),
    'negative int64': numpy.int64(-5),
    'float32': numpy.float32(2),
    'array': numpy.zeros(3),
    'numpy text': numpy.str_('numpy'),
    'list': [],
    'list of text': ['a'],
    'callable': ignore,
}

TEXTS = {
    'text',
    'long',
    'longer',
    'escaped byte',
    'colon',
    'regex',
    'numpy text',
}
NUMBERS = {'int', 'true', 'int32'}
#: A scalar of NumPy's is a buffer of some bytes.
BUFFERS = {
    'bytes',
    'array',
    'list',
    'int32',
    'negative int64',
    'float32',
}

#: What each parameter may take; all else has to be an error.
TAKES = {
    'name': TEXTS,
    'servername': TEXTS | {'None'},
    'session_id': TEXTS | {'None', 'empty'},
    'port': TEXTS,
    'other': TEXTS | {'None'},
    'source': TEXTS,
    'destination': TEXTS,
    'callback': {'callable'},
    'userdata': NUMBERS | {'None', 'array', '2**32'},
    'shortname': TEXTS,
    'porttype': TEXTS,
    'buffersize': NUMBERS,
    'name_pattern': TEXTS | {'empty'},
    'id': NUMBERS,
    'frame': NUMBERS | {'None'},
    'frames': NUMBERS,
    'usecs': NUMBERS | {'2**32'},
    'timeout': NUMBERS | {'2**32'},
    'position': set(),
    'pos': set(),
    'status': NUMBERS,
    'subject': NUMBERS | {'2**32'},
    'key': TEXTS,
    'value': TEXTS | {'empty', 'bytes'},
    'type': TEXTS | {'empty', 'bytes'},
    'uuid': TEXTS,
    'library': TEXTS,
    'init': TEXTS | {'empty'},
    'path': TEXTS,
    'target': TEXTS | {'None'},
    'event': BUFFERS,
    'alias': TEXTS,
    'mode': {'true'},
    'min': NUMBERS,
    'max': NUMBERS,
    'time': NUMBERS,
    'size': NUMBERS | {'2**32'},
    'data': BUFFERS,
    'blocksize': NUMBERS,
    'transport_frame': NUMBERS,
    'index': {'-1'},
    'thread': set(),
    'priority': NUMBERS,
    'code': NUMBERS,
}

SPECIAL_TAKES = {
    'Client.session_notify.type': NUMBERS,
    'Client.session_reply.event': set(),
    'Client.set_port_registration_callback.callback': {'callable', 'None'},
    'Client.set_port_connect_callback.callback': {'callable', 'None'},
    'Client.set_port_rename_callback.callback': {'callable', 'None'},
    'Client.set_timebase_callback.callback': {'callable', 'None'},
    'Client.set_sync_callback.callback': {'callable', 'None'},
    'Client.transport_locate.frame': NUMBERS,
    'Client.set_sync_timeout.timeout': NUMBERS | {'2**32'},
    'OwnPort.tie.source': set(),
    'OwnPort.disconnect.other': TEXTS | {'None'},
    'Port.__eq__.other': set(WRONG),
    'Port.__ne__.other': set(WRONG),
    'Ports.__contains__.port': set(WRONG),
    'RingBuffer.reset.size': NUMBERS | {'None'},
    'RingBuffer.read.size': NUMBERS | {'2**32', '2**64'},
    'RingBuffer.peek.size': NUMBERS | {'2**32', '2**64'},
    'jack.set_error_function.callback': {'callable', 'None'},
    'jack.set_info_function.callback': {'callable', 'None'},
    'jack.acquire_realtime_scheduling.thread': set(),
}

#: Errors of Python's own, which need not name a parameter.
OF_PYTHON = {'__getitem__', '__contains__', '__eq__', '__ne__'}

POSITION_FIELDS = [
    'bar',
    'beat',
    'tick',
    'bar_start_tick',
    'beats_per_bar',
    'beat_type',
    'ticks_per_beat',
    'beats_per_minute',
    'frame_time',
    'next_time',
    'bbt_offset',
    'audio_frames_per_video_frame',
    'video_offset',
    'tick_double',
]


def taken(owner, member, parameter):
    """The labels of what a parameter may take, and all values to try."""
    if parameter.annotation == 'bool':
        # What counts is whether something is true; an array does not know.
        values = {k: v for k, v in WRONG.items() if k != 'array'}
        if member == 'set_freewheel':
            # One change of the mode will do: a JACK 2 server may stand still
            # at each of them (see "What can go wrong").
            values = {k: v for k, v in values.items() if k == 'true' or not v}
        return set(values), values
    names = [base.__name__ for base in owner.__mro__] if owner else ['jack']
    for name in names:
        special = f'{name}.{member}.{parameter.name}'
        if special in SPECIAL_TAKES:
            return SPECIAL_TAKES[special], WRONG
    if parameter.name not in TAKES:
        raise LookupError(
            f'{__name__} has to learn what {parameter.name!r} of '
            f'{names[0]}.{member}() takes'
        )
    return TAKES[parameter.name], WRONG


class Attempts:
    """Calls with one wrong argument each."""

    def __init__(self, world, run=None, restore=None):
        self.report = Report()
        self.world = world
        self.run = run or (lambda job: job())
        self.restore = restore or (lambda member, result: None)

    def attempt(self, what, member, parameter, label, takes, function):
        """Make one call."""

        def accept(result, error):
            if error is None:
                if label not in takes:
                    return f'was taken, and returned {result!r}'
                try:
                    self.restore(member, result)
                except BaseException as error:
                    return f'cannot be undone: {error!r}'
                return None
            if not str(error):
                return f'{error!r} says nothing'
            if (
                isinstance(error, (TypeError, ValueError))
                and not isinstance(error, jack.JackError)
                and member not in OF_PYTHON
                and parameter.replace('transport_', '') not in str(error)
            ):
                return f'{error!r} does not name {parameter!r}'
            return None

        allowed = [TypeError, ValueError, jack.JackError]
        if member == '__getitem__':
            allowed.append(IndexError)
        self.report.run(
            f'{what}({parameter}={label})',
            lambda: self.run(function),
            accept,
            allowed,
        )

    def each_parameter(self, what, owner, member, function):
        """Make a call for each parameter of *function* and each value."""
        wanted = parameters(function)
        for wrong in wanted:
            takes, values = taken(owner, member, wrong)
            for label, value in values.items():
                arguments = [
                    value
                    if p is wrong
                    else suitable(owner, member, p.name, self.world)
                    for p in wanted
                ]
                self.attempt(
                    what,
                    member,
                    wrong.name,
                    label,
                    takes,
                    lambda arguments=arguments: function(*arguments),
                )

    def each_member(self, name, find, members=None):
        """Do that for all members of an object, and set its properties.

        *find* returns the object, which may be another one after a while.
        """
        cls = type(find())
        for member in members or public(cls):
            found = inspect.getattr_static(cls, member)
            what = f'{name}.{member}'
            if isinstance(found, property):
                if found.fset is None:
                    continue
                parameter = inspect.Parameter(
                    member, inspect.Parameter.POSITIONAL_ONLY
                )
                takes, values = taken(cls, member, parameter)
                for label, value in values.items():
                    self.attempt(
                        what,
                        member,
                        member,
                        label,
                        takes,
                        lambda member=member, value=value: setattr(
                            find(), member, value
                        ),
                    )
            elif callable(found):
                for wrong in parameters(getattr(find(), member)):
                    self._parameter(what, find, member, wrong)

    def _parameter(self, what, find, member, wrong):
        cls = type(find())
        takes, values = taken(cls, member, wrong)
        for label, value in values.items():

            def call(value=value):
                method = getattr(find(), member)
                return method(
                    *(
                        value
                        if p.name == wrong.name
                        else suitable(cls, member, p.name, self.world)
                        for p in parameters(method)
                    )
                )

            self.attempt(what, member, wrong.name, label, takes, call)


class Restoration:
    """Undoes what a call has done that was no mistake after all."""

    def __init__(self, world, active):
        self.world = world
        self.active = active
        self.names = {port: port.shortname for port in world.ports()}

    def __call__(self, member, result):
        world = self.world
        client = world.client
        if client.closed:
            world.open()
            client = world.client
        elif member in ('register', 'register_port'):
            result.unregister()
        elif member == 'blocksize':
            client.blocksize = 64
        elif member == 'set_freewheel':
            client.set_freewheel(False)
        elif member == 'load_internal_client':
            result.unload()
        elif member == 'set_alias':
            for port in self.names:
                for alias in port.aliases:
                    port.unset_alias(alias)
        elif member == 'shortname':
            for port, name in self.names.items():
                if port.shortname != name:
                    port.shortname = name
        elif member.startswith('set_') and member.endswith('_callback'):
            if 'thread' in client._core.functions:
                raise AssertionError('a process thread has been set')
        elif member == 'set_process_thread':
            client.close()
            world.open()
        if self.active and not world.client.active:
            world.activate()


def client_members(active):
    world = World()
    if active:
        world.activate()
    attempts = Attempts(world, restore=Restoration(world, active))
    attempts.each_member('client', lambda: world.client)
    for field in POSITION_FIELDS:
        for label, value in WRONG.items():
            attempts.attempt(
                'client.transport_reposition',
                'transport_reposition',
                field,
                label,
                NUMBERS | {'nan', 'float', 'float32', '-1', '2**32', '2**64',
                           'negative int64'},
                lambda field=field, value=value: (
                    world.client.transport_reposition(**{field: value})
                ),
            )
    finish(attempts, world)


def port_members():
    world = World()
    world.activate()
    attempts = Attempts(world, restore=Restoration(world, True))
    for name in (
        'own_in',
        'own_out',
        'own_midi_in',
        'own_midi_out',
        'foreign_audio',
        'foreign_midi',
    ):
        attempts.each_member(name, lambda name=name: getattr(world, name))
    for name, ports in world.lists.items():
        attempts.each_member(name, lambda ports=ports: ports)
    finish(attempts, world)


def cycle_members():
    """What can be called in the process callback only."""
    world = World()
    world.activate()
    attempts = Attempts(world, run=world.in_cycle)
    members = ['write_midi_event', 'reserve_midi_event']
    for name in ('own_midi_out', 'own_midi_in'):
        port = getattr(world, name)

        def find(port=port):
            if port.is_output:
                port.clear_buffer()
            return port

        # The signature is looked at outside of the cycle.
        for member in members:
            for wrong in parameters(getattr(port, member)):
                takes, values = taken(type(port), member, wrong)
                for label, value in values.items():
                    attempts.attempt(
                        f'{name}.{member}',
                        member,
                        wrong.name,
                        label,
                        takes,
                        lambda find=find, member=member, wrong=wrong,
                        value=value: getattr(find(), member)(
                            *(
                                value
                                if p.name == wrong.name
                                else suitable(
                                    jack.OwnMidiPort, member, p.name, world
                                )
                                for p in parameters(
                                    getattr(jack.OwnMidiPort, member)
                                )[1:]
                            )
                        ),
                    )
    finish(attempts, world)


def opening():
    """The arguments of Client(), while there is no other client."""
    attempts = Attempts(
        None, restore=lambda member, client: client.close()
    )
    attempts.each_parameter('Client', jack.Client, '__init__', jack.Client)
    attempts.report.finish()
    jack.Client('goes-on').close()


def functions():
    """The functions of the module, its ring buffer, and its values."""
    world = World()
    attempts = Attempts(world)
    for name in dir(jack):
        found = getattr(jack, name)
        if not name.startswith('_') and inspect.isfunction(found):
            attempts.each_parameter(f'jack.{name}', None, name, found)
    jack.set_error_function(ignore)
    jack.set_info_function(ignore)
    attempts.each_parameter('RingBuffer', jack.RingBuffer, '__init__',
                            jack.RingBuffer)

    def refilled():
        world.ring.reset(64)
        world.ring.write(b'x' * 32)
        return world.ring

    attempts.each_member('ring', refilled)
    finish(attempts, world)


def values():
    """Constructors which only the library itself calls, as a rule."""
    world = World()
    attempts = Attempts(world)
    for cls in (
        jack.Port,
        jack.MidiPort,
        jack.UnknownPort,
        jack.OwnPort,
        jack.OwnMidiPort,
        jack.Ports,
        jack.InternalClient,
        jack.SessionEvent,
        jack.Status,
        jack.TransportState,
        jack.JackOpenError,
    ):
        wanted = parameters(cls)
        for wrong in wanted:
            for label, value in {**WRONG, 'null': jack._ffi.NULL}.items():

                def make(cls=cls, wrong=wrong, value=value, wanted=wanted):
                    right = {
                        'port_ptr': world.own_in._ptr,
                        'client': world.client,
                        'porttype': '32 bit float mono audio',
                        'flag': 1,
                        'handle': 1,
                        'code': 1,
                        'name': 'name',
                        'status': jack.Status(1),
                        'ptr': world.session_event._ptr,
                        'core': world.client._core,
                    }
                    return str(
                        cls(
                            *(
                                value if p is wrong else right[p.name]
                                for p in wanted
                            )
                        )
                    )

                attempts.report.run(
                    f'{cls.__name__}({wrong.name}={label})',
                    make,
                    lambda result, error: None,
                    [TypeError, ValueError, jack.JackError],
                )
    finish(attempts, world)


def finish(attempts, world):
    """The client has to be as good as new."""
    client = world.client

    def still_works():
        if not client.active:
            world.activate()
        wait_until(lambda: world.in_cycle(lambda: client.frame_time) > 0)
        assert client.get_ports('system:capture_1')
        world.close()

    attempts.report.run('all that comes after it', still_works,
                        lambda result, error: None)
    attempts.report.finish()


GROUPS = {
    'opening': opening,
    'client': lambda: client_members(False),
    'active-client': lambda: client_members(True),
    'ports': port_members,
    'cycle': cycle_members,
    'functions': functions,
    'values': values,
}


if __name__ == '__main__':
    jack.set_error_function(ignore)
    jack.set_info_function(ignore)
    # A request that hangs would take long to be noticed by each call.
    watchdog = threading.Timer(100, os.abort)
    watchdog.daemon = True
    watchdog.start()
    GROUPS[sys.argv[1]]()
