"""Notification callbacks: called by a real server, with the right types."""

import functools
import gc
import time
import weakref

import notifications
import pytest
from notifications import NOTIFICATIONS, needed, setter
from peers import Peer

import jack

ALL_KINDS = [
    'shutdown',
    'process',
    'samplerate',
    *NOTIFICATIONS,
    *notifications.IN_CYCLE,
]

# JACK accepts these two at any time.
FIXED_WHILE_ACTIVE = [
    kind for kind in ALL_KINDS if kind not in notifications.IN_CYCLE
]

WITH_ONLY_AVAILABLE = ['port_registration', 'port_connect', 'port_rename']


@pytest.fixture
def other(server):
    other = notifications.Other()
    yield other
    other.close()


def poll(look, timeout=1):
    """What *look* returns once it is true, or at the deadline."""
    deadline = time.monotonic() + timeout
    while not look() and time.monotonic() < deadline:
        pass
    return look()


async def coroutine(*args):
    pass


async def async_generator(*args):
    yield


def generator(*args):
    yield


class WithCoroutine:
    async def __call__(self, *args):
        pass

    async def method(self, *args):
        pass


def types(values):
    return tuple(type(value) for value in values)


# -- Each kind, seen called ---------------------------------------------------


@pytest.mark.needs('freewheel mode')
def test_freewheel_callback_is_told_of_start_and_end(client, other, events):
    client.set_freewheel_callback(events.put)
    with client:
        other.freewheel()
        assert events.next() is True
        assert events.next() is False


def test_blocksize_callback_gets_the_new_size(client, other, events):
    size = client.blocksize
    client.set_blocksize_callback(events.put)
    with client:
        other.blocksize()
        got = events.wait_for(lambda event: event != size)
        assert got == 2 * size
        assert type(got) is int
        assert events.next() == size


def test_samplerate_callback_is_told_the_rate_at_registration(
    client, server, events, capfd
):
    # Measured: JACK 2 calls it once, from within the setter.  The rate of a
    # running server never changes.
    client.set_samplerate_callback(events.put)
    rate = events.next()
    assert rate == server.samplerate
    assert type(rate) is int
    with client:
        assert client.last_exception is None
    assert 'Traceback' not in capfd.readouterr().err


def test_a_samplerate_callback_that_fails_is_reported(client, capfd):
    @client.set_samplerate_callback
    def callback(samplerate):
        raise ValueError('another rate, please')

    assert str(client.last_exception) == 'another rate, please'
    err = capfd.readouterr().err
    assert err.count('Traceback (most recent call last)') == 1
    assert err.count('ValueError: another rate, please') == 1


def test_client_registration_callback_names_who_comes_and_goes(
    client, other, events
):
    client.set_client_registration_callback(lambda *args: events.put(args))
    with client:
        other.client_registration()
        come = events.wait_for(lambda event: event[0] == 'guest')
        assert come == ('guest', True)
        assert types(come) == (str, bool)
        assert events.next() == ('guest', False)


def test_client_registration_callback_hears_of_other_processes(
    server, client, events
):
    client.set_client_registration_callback(lambda *args: events.put(args))
    with client:
        with Peer(
            server,
            """
            import sys
            import jack

            client = jack.Client('far-guest')
            sys.stdin.read()
            client.close()
        """,
        ):
            assert events.next() == ('far-guest', True)
        assert events.next() == ('far-guest', False)


@pytest.mark.parametrize(
    ('ports', 'mine', 'cls'),
    [
        ('inports', False, jack.Port),
        ('outports', False, jack.Port),
        ('midi_inports', False, jack.MidiPort),
        ('midi_outports', False, jack.MidiPort),
        ('inports', True, jack.OwnPort),
        ('midi_outports', True, jack.OwnMidiPort),
    ],
)
def test_port_registration_callback_gets_the_port(
    client, other, events, ports, mine, cls
):
    client.set_port_registration_callback(lambda *args: events.put(args))
    owner = client if mine else other.client
    with client:
        port = getattr(owner, ports).register('fresh')
        come = events.next()
        assert come[0] == port
        assert type(come[0]) is cls
        assert come[1] is True
        assert come[0].name == f'{owner.name}:fresh'
        assert come[0].is_input == port.is_input
        assert come[0].is_midi == port.is_midi
        port.unregister()
        gone = events.next()
        assert gone[1] is False


@pytest.mark.parametrize('mine', [False, True], ids=['other', 'own'])
def test_the_port_of_an_unregistration_still_says_what_it_was(
    client, other, events, mine
):
    @client.set_port_registration_callback(only_available=False)
    def callback(port, register):
        if not register:
            events.put(
                (
                    port.name,
                    port.shortname,
                    port.is_midi,
                    port.is_output,
                    port.is_input,
                    isinstance(port, jack.MidiPort),
                )
            )

    owner = client if mine else other.client
    before = owner.midi_outports.register('before')
    with client:
        during = owner.midi_outports.register('during')
        before.unregister()
        during.unregister()
        for name in 'before', 'during':
            assert events.next() == (
                f'{owner.name}:{name}',
                name,
                True,
                True,
                False,
                True,
            )
        assert client.last_exception is None


def test_port_connect_callback_gets_both_ports(client, other, events):
    own = client.inports.register('in')
    client.set_port_connect_callback(lambda *args: events.put(args))
    with client:
        other.source.connect(own)
        a, b, connect = events.next()
        assert (a, b) == (other.source, own)
        assert types((a, b, connect)) == (jack.Port, jack.OwnPort, bool)
        assert connect is True
        other.source.disconnect(own)
        a, b, connect = events.next()
        assert (a, b) == (other.source, own)
        assert connect is False


def test_port_connect_callback_gets_midi_ports(client, other, events):
    own = client.midi_inports.register('in')
    source = other.client.midi_outports.register('midi')
    client.set_port_connect_callback(lambda *args: events.put(args))
    with client:
        client.connect(source, own)
        a, b, connect = events.next()
        assert types((a, b, connect)) == (
            jack.MidiPort,
            jack.OwnMidiPort,
            bool,
        )


@pytest.mark.needs(notifications.NEEDS['port_rename'])
def test_port_rename_callback_gets_port_and_both_names(client, other, events):
    client.set_port_rename_callback(lambda *args: events.put(args))
    with client:
        other.source.shortname = 'renamed'
        port, old, new = event = events.next()
        assert types(event) == (jack.Port, str, str)
        assert (old, new) == ('other:source', 'other:renamed')
        assert port == other.source
        assert port.name == 'other:renamed'


def test_graph_order_callback_has_no_arguments(client, other, events):
    client.set_graph_order_callback(lambda *args: events.put(args))
    with client:
        events.drain()
        other.graph_order()
        assert events.next() == ()


@pytest.mark.needs('notification of xruns')
def test_xrun_callback_gets_the_delay_in_microseconds(client, other, events):
    client.set_xrun_callback(events.put)
    with client:
        other.xrun()
        delay = events.next()
        assert type(delay) is float
        assert delay >= 0


@pytest.mark.needs('properties that can be deleted')
@pytest.mark.parametrize(
    ('arguments', 'key', 'change'),
    [
        (['-s', 'KEY', 'one'], 'KEY', jack.PROPERTY_CREATED),
        (['-s', 'KEY', 'two'], 'KEY', jack.PROPERTY_CHANGED),
        (['-d', 'KEY'], 'KEY', jack.PROPERTY_DELETED),
        (['-d'], '', jack.PROPERTY_DELETED),
    ],
    ids=['created', 'changed', 'deleted', 'all'],
)
def test_property_change_callback_hears_another_process(
    server, client, events, arguments, key, change
):
    key = key and notifications.KEY
    arguments = [a.replace('KEY', notifications.KEY) for a in arguments]
    if change != jack.PROPERTY_CREATED:
        client.set_property(client, notifications.KEY, 'zero')
    client.set_property_change_callback(lambda *args: events.put(args))
    with client:
        server.run(
            ['jack_property', arguments[0], client.uuid, *arguments[1:]]
        )
        event = events.wait_for(lambda event: event[2] == change)
        assert event == (int(client.uuid), key, change)
        assert types(event) == (int, str, int)
        client.remove_properties(client)


@pytest.mark.parametrize('how', ['kill', 'stop'])
def test_shutdown_callback_gets_status_and_reason(make_server, how):
    server = make_server()
    with Peer(
        server,
        """
        import queue
        import jack

        events = queue.SimpleQueue()
        client = jack.Client('bereft')
        client.set_shutdown_callback(lambda *args: events.put(args))
        client.activate()
        print('up', flush=True)
        status, reason = events.get(timeout=10)
        assert type(status) is jack.Status, status
        assert status.failure or status.client_zombie, status
        assert type(reason) is str, reason
        assert reason
        client.close()
        assert events.empty()
        print('closed', flush=True)
    """,
    ) as peer:
        peer.hear('up')
        getattr(server, how)()
        peer.hear('closed')


def test_timebase_callback_gets_state_size_position_and_flag(
    server, client, events
):
    size = client.blocksize

    @client.set_timebase_callback()
    def callback(*args):
        state, blocksize, pos, new_pos = args
        events.put(
            (
                types((state, blocksize, new_pos)),
                state,
                blocksize,
                pos.frame,
                pos.frame_rate,
                new_pos,
            )
        )

    with client:
        kinds, state, blocksize, frame, rate, new_pos = events.next()
    assert kinds == (int, int, bool)
    assert state == jack.STOPPED
    assert (blocksize, rate) == (size, server.samplerate)
    assert new_pos is True


def test_sync_callback_gets_state_and_position(client, other, events):
    @client.set_sync_callback
    def callback(*args):
        state, pos = args
        events.put((types(args), state, pos.frame))
        return True

    with client:
        events.next()
        other.client.transport_frame = 9600
        kinds, state, frame = events.wait_for(lambda event: event[2] == 9600)
        assert kinds[0] is int
        assert state == jack.STOPPED
    other.client.transport_frame = 0


# -- Decorators and arguments -------------------------------------------------


@pytest.mark.parametrize(
    'kind', [kind for kind in ALL_KINDS if kind != 'timebase']
)
def test_a_setter_is_a_decorator_that_keeps_the_function(client, kind):
    def function(*args):
        return None

    assert setter(client, kind)(function) is function


@pytest.mark.parametrize('kind', [*WITH_ONLY_AVAILABLE, 'timebase'])
@pytest.mark.parametrize('called_with', ['nothing', 'None'])
def test_some_setters_return_a_decorator_without_a_callback(
    client, kind, called_with
):
    arguments = () if called_with == 'nothing' else (None,)
    decorator = setter(client, kind)(*arguments)

    def function(*args):
        return None

    # Whether it became the master is what the timebase one has to tell.
    assert decorator(function) is (True if kind == 'timebase' else function)


@pytest.mark.parametrize('only_available', [True, False])
@pytest.mark.parametrize('kind', needed(WITH_ONLY_AVAILABLE))
def test_the_decorator_with_only_available_is_called(
    client, other, events, kind, only_available
):
    @setter(client, kind)(only_available=only_available)
    def callback(*args):
        events.put(args)

    with client:
        if kind == 'port_registration':
            # Were it gone already, it would not be told that it came.
            port = other.client.midi_inports.register('new')
            first = events.next()
            port.unregister()
        else:
            getattr(other, kind)()
            first = events.next()
        second = events.next()
    assert isinstance(first[0], jack.Port)
    assert len(first) == len(second) == 2 + (kind != 'port_registration')


@pytest.mark.parametrize('kind', needed(WITH_ONLY_AVAILABLE))
def test_only_available_can_be_given_with_the_callback(
    client, other, events, kind
):
    setter(client, kind)(lambda *args: events.put(args), only_available=False)
    with client:
        getattr(other, kind)()
        assert isinstance(events.next()[0], jack.Port)


@pytest.mark.parametrize('conditional', [True, False])
def test_set_timebase_callback_with_a_function_returns_true(
    client, conditional
):
    assert (
        client.set_timebase_callback(
            lambda *args: None, conditional=conditional
        )
        is True
    )


@pytest.mark.parametrize('bad', [1, 'name', [], ...], ids=repr)
@pytest.mark.parametrize('kind', ALL_KINDS)
def test_what_cannot_be_called_is_a_type_error_at_once(client, kind, bad):
    with pytest.raises(TypeError):
        setter(client, kind)(bad)


@pytest.mark.parametrize(
    'kind',
    [
        kind
        for kind in ALL_KINDS
        if kind not in [*WITH_ONLY_AVAILABLE, 'timebase', 'sync']
    ],
)
def test_none_is_no_callback(client, kind):
    with pytest.raises(TypeError):
        setter(client, kind)(None)


@pytest.mark.parametrize(
    'function',
    [
        coroutine,
        async_generator,
        generator,
        WithCoroutine(),
        WithCoroutine().method,
        functools.partial(generator, None),
    ],
    ids=[
        'coroutine', 'async-generator', 'generator', 'object', 'method',
        'partial',
    ],
)
@pytest.mark.parametrize(
    'set_callback',
    [
        *(
            pytest.param(
                lambda client, function, kind=kind: setter(client, kind)(
                    function
                ),
                id=kind,
            )
            for kind in ALL_KINDS
        ),
        pytest.param(jack.Client.set_process_thread, id='process thread'),
        pytest.param(
            lambda _, function: jack.set_error_function(function), id='error'
        ),
    ],
)
def test_what_would_do_nothing_when_called_is_a_type_error(
    client, set_callback, function
):
    with pytest.raises(TypeError, match='callback must be an ordinary'):
        set_callback(client, function)


@pytest.mark.parametrize('kind', [*WITH_ONLY_AVAILABLE, 'timebase'])
def test_a_decorator_refuses_what_cannot_be_called(client, kind):
    with pytest.raises(TypeError):
        setter(client, kind)()(1)


@pytest.mark.parametrize('before', [False, True], ids=['first', 'second'])
@pytest.mark.parametrize('kind', FIXED_WHILE_ACTIVE)
def test_callbacks_of_an_active_client_are_fixed(client, kind, before):
    if before:
        setter(client, kind)(lambda *args: None)
    client.activate()
    with pytest.raises(jack.JackError):
        setter(client, kind)(lambda *args: None)
    client.deactivate()
    setter(client, kind)(lambda *args: None)


@pytest.mark.parametrize('kind', needed(NOTIFICATIONS))
def test_a_second_callback_replaces_the_first(client, other, events, kind):
    setter(client, kind)(lambda *args: events.put('first'))
    setter(client, kind)(lambda *args: events.put('second'))
    with client:
        getattr(other, kind)()
        assert events.next() == 'second'
    assert 'first' not in events.drain()


@pytest.mark.parametrize('kind', needed(NOTIFICATIONS))
def test_closing_does_not_wait_for_threads_that_were_called_back(
    client, other, events, kind
):
    setter(client, kind)(events.put)
    client.activate()
    getattr(other, kind)()
    events.next()
    begin = time.monotonic()
    client.close()
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize('kind', needed(NOTIFICATIONS))
def test_a_callback_survives_a_second_activation(client, other, events, kind):
    setter(client, kind)(lambda *args: events.put(args))
    client.activate()
    client.deactivate()
    events.drain()
    client.activate()
    getattr(other, kind)()
    events.next()


@pytest.mark.parametrize('kind', needed(NOTIFICATIONS))
@pytest.mark.parametrize('result', ['', 'text', [], 7, 2**80, 1.5], ids=repr)
def test_what_a_callback_returns_is_ignored(
    client, other, events, capfd, kind, result
):
    def callback(*args):
        events.put(args)
        return result

    setter(client, kind)(callback)
    with client:
        getattr(other, kind)()
        events.next()
        assert client.last_exception is None
    assert 'Traceback' not in capfd.readouterr().err


def test_a_callback_is_kept_alive_by_its_client_and_no_longer(other, events):
    class Callback:
        def __call__(self, *args):
            events.put(args)

    callback = Callback()
    ref = weakref.ref(callback)
    client = jack.Client('keeper')
    client.set_port_connect_callback(callback)
    del callback
    client.activate()
    gc.collect()
    other.port_connect()
    events.next()
    client.close()
    del client
    gc.collect()
    assert ref() is None


def test_callbacks_can_look_at_ports(client, other, events, lacks):
    @client.set_port_connect_callback
    def callback(a, b, connect):
        events.put(
            (
                a.name,
                b.shortname,
                a.aliases,
                client.get_port_by_name(b.name),
                len(client.get_ports('^other:')),
            )
        )

    aliases = [] if lacks('aliases that others see') else ['the-alias']
    with client:
        other.source.set_alias('the-alias')
        other.source.connect(other.target)
        assert events.next() == (
            'other:source',
            'target',
            aliases,
            other.target,
            2,
        )
        assert client.last_exception is None


@pytest.mark.needs('requests within callbacks')
def test_callbacks_can_look_at_connections(client, other, events):
    @client.set_port_connect_callback
    def callback(a, b, connect):
        # JACK shows a new connection from the next cycle on.
        events.put(poll(lambda: client.get_all_connections(a)))

    with client:
        other.source.connect(other.target)
        assert events.next() == [other.target]


@pytest.mark.parametrize(
    'request_',
    [
        lambda client, a, b: client.disconnect(a, b),
        lambda client, a, b: client.inports.register('late'),
        lambda client, a, b: setattr(client, 'blocksize', 512),
    ],
    ids=['disconnect', 'register', 'blocksize'],
)
def test_requests_to_the_server_in_a_notification_name_the_remedy(
    client, other, events, lacks, request_
):
    @client.set_port_connect_callback
    def callback(a, b, connect):
        try:
            request_(client, a, b)
        except jack.JackError as error:
            events.put(str(error))
        else:
            events.put('done')

    with client:
        other.source.connect(other.target)
        if lacks('refusal of requests within notifications'):
            assert events.next() == 'done'
        else:
            assert 'thread' in events.next()


ACTIVATE = """
import contextlib
import time
import jack

client = jack.Client('busy')
taken = []

@client.set_blocksize_callback
def callback(blocksize):
    begin = time.monotonic()
    # JACK 1 says no.
    with contextlib.suppress(jack.JackError):
        client.get_uuid_for_client_name(client.name)
    taken.append(time.monotonic() - begin)

client.set_process_callback(lambda frames: None)
# PipeWire 1.4 calls it on the process thread, which may have run the first
# cycle already: one in three times with cycles this short.
for _ in range(25):
    client.activate()
    client.deactivate()
client.close()
print(len(taken))
assert all(seconds < 1 for seconds in taken), max(taken)
"""


def test_who_asks_while_the_client_is_being_activated_does_not_wait_for_that(
    make_server, run_python
):
    server = make_server(blocksize=16)
    calls = int(run_python(ACTIVATE, server=server).stdout)
    # PipeWire 0.3 calls it only when the blocksize changes.
    assert calls or server.kind == 'pipewire'


def test_a_sync_callback_that_is_refused_leaves_that_of_before(
    client, other, wait_until
):
    called, effective = [], ['former']

    def get_ready(name):
        def sync(state, pos):
            called.append(name)
            return True

        return sync

    @client.set_port_connect_callback
    def callback(a, b, connect):
        try:
            client.set_sync_callback(get_ready('later'))
        except jack.JackError:
            effective.append('former')
        else:
            effective.append('later')

    client.set_sync_callback(get_ready('former'))
    with client:
        other.source.connect(other.target)
        wait_until(lambda: len(effective) > 1)
        called.clear()
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.ROLLING)
        # Others use this server, too.
        client.transport_stop()
        wait_until(lambda: client.transport_state == jack.STOPPED)
        client.transport_frame = 0
    assert set(called) == {effective[-1]}


# -- Exceptions ---------------------------------------------------------------

FAIL = """
import sys
import threading
import jack
from tests.notifications import Other, setter, wait_until

kind, again = sys.argv[1:]
calls = []
cycles = []

def give_up():
    STATEMENT

def callback(*args):
    calls.append(args)
    if len(calls) == 1:
        give_up()

other = Other()
client = jack.Client('observer')
setter(client, kind)(callback)
client.set_process_callback(cycles.append)
client.activate()
getattr(other, kind)()
wait_until(lambda: client.last_exception)
print(type(client.last_exception).__name__)
assert not client.closed
# JACK goes on, and so does this client.
before = len(cycles), other.cycles
wait_until(lambda: len(cycles) > before[0] + 10)
wait_until(lambda: other.cycles > before[1] + 10)
before = len(calls)
getattr(other, kind)()
if again == 'again':
    wait_until(lambda: len(calls) > before)
other.client.transport_frame = 0
client.close()
other.close()
"""


def fail(run_python, kind, statement):
    """Run *statement* in the first callback of *kind*.

    A notification callback is called for the next event as if nothing had
    happened.  Those in the cycle are not, as they might fail in each.
    """
    again = 'again' if kind in NOTIFICATIONS else 'never again'
    return run_python(FAIL.replace('STATEMENT', statement), kind, again)


@pytest.mark.parametrize(
    'kind', needed([*NOTIFICATIONS, *notifications.IN_CYCLE])
)
def test_an_exception_in_a_callback_is_reported_once_and_jack_goes_on(
    run_python, kind
):
    child = fail(run_python, kind, 'raise ValueError("what went wrong")')
    assert child.stdout.split() == ['ValueError']
    assert child.stderr.count('Traceback (most recent call last)') == 1
    assert child.stderr.count('ValueError: what went wrong') == 1
    assert 'in give_up' in child.stderr


@pytest.mark.parametrize(
    'kind', needed([*NOTIFICATIONS, *notifications.IN_CYCLE])
)
def test_callback_exit_is_silent_in_each_kind_of_callback(run_python, kind):
    child = fail(run_python, kind, 'raise jack.CallbackExit')
    assert child.stdout.split() == ['CallbackExit']
    assert child.stderr == ''


@pytest.mark.parametrize(
    ('statement', 'name'),
    [
        ('sys.exit(3)', 'SystemExit'),
        ('raise KeyboardInterrupt', 'KeyboardInterrupt'),
        ('give_up()', 'RecursionError'),
        ('raise MemoryError', 'MemoryError'),
        ('callback()()', 'TypeError'),
    ],
    ids=['exit', 'interrupt', 'recursion', 'memory', 'type'],
)
@pytest.mark.parametrize('kind', ['port_connect', 'sync'])
def test_exceptions_of_all_kinds_stay_in_the_callback(
    run_python, kind, statement, name
):
    child = fail(run_python, kind, statement)
    assert child.stdout.split() == [name]
    assert child.stderr.count('Traceback (most recent call last)') == 1


def test_an_exception_in_the_shutdown_callback_is_reported(make_server):
    server = make_server()
    with Peer(
        server,
        """
        import jack
        from tests.notifications import wait_until

        client = jack.Client('bereft')

        @client.set_shutdown_callback
        def shutdown(status, reason):
            raise ValueError('what went wrong')

        client.activate()
        print('up', flush=True)
        wait_until(lambda: client.last_exception, 10)
        client.close()
        print('closed', flush=True)
    """,
    ) as peer:
        peer.hear('up')
        server.kill()
        assert peer.hear('ValueError:') == 'what went wrong'
        peer.hear('closed')


@pytest.mark.parametrize('kind', needed(NOTIFICATIONS))
def test_a_callback_with_the_wrong_arguments_is_reported(
    client, other, capfd, wait_until, kind
):
    setter(client, kind)(lambda a, b, c, d, e: None)
    with client:
        getattr(other, kind)()
        wait_until(lambda: client.last_exception)
        assert type(client.last_exception) is TypeError
    assert 'TypeError' in capfd.readouterr().err


@pytest.mark.parametrize('statement', [
    'port.unregister()', "client.inports.register('another')",
    'client.connect(source, port)', "port.shortname = 'new'",
])
def test_activation_ends_whatever_its_callback_tries(run_python, statement):
    # PipeWire 0.3 calls this one while it is asked for the activation.
    code = f"""
    import jack
    client = jack.Client('tries')
    port = client.inports.register('port')
    source = client.outports.register('source')

    @client.set_graph_order_callback
    def graph_order():
        try:
            {statement}
        except jack.JackError:
            print('refused', flush=True)

    client.activate()
    client.deactivate(ignore_errors=False)
    client.close(ignore_errors=False)
    """
    assert run_python(code).returncode == 0
