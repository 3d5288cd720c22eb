"""What the servers cannot do: the one table of it.

A test that is marked with ``@pytest.mark.needs('some feature')`` is expected
to fail on the servers which lack the feature, and has to do so: one that
passes is reported as a failure, since the table is wrong then.  Where a test
can tell what happens instead, it asks the fixture ``lacks('some feature')``.

The documentation's page "Servers compared" shows the same table.
"""

import typing

JACK_2 = ('jack2', 'jack2sync')
JACK_1 = ('jack1',)
PIPEWIRE = ('pipewire', 'pipewire-new')
NOT_JACK_2 = JACK_1 + PIPEWIRE


class Lack(typing.NamedTuple):
    """A feature which some servers lack.

    *reason* is what their users see instead, in reST.  It *can be tried*
    unless the server or libjack crashes or hangs with it, or it depends on
    chance.
    """

    servers: tuple
    feature: str
    reason: str
    can_be_tried: bool = True


LACKS = [
    Lack(
        NOT_JACK_2,
        'notification of renamed ports',
        '`Client.set_port_rename_callback` is accepted, and the function is '
        'never called.',
    ),
    Lack(
        JACK_2,
        'several servers for a process',
        'Opening a client on a second one is a `JackError`.',
    ),
    Lack(
        JACK_2,
        'patience with lost session managers',
        'The server crashes when a client answers a session event after the '
        'program that sent it has ended, as one may that did not get all '
        'answers in time.',
    ),
    Lack(
        JACK_2,
        'properties without a client',
        '`get_properties` and its relatives are a `JackError` before this '
        'program has opened a client.',
    ),
    Lack(
        JACK_1,
        'room for many MIDI events',
        'A port has room for about as many small events as a cycle has '
        'frames, and for 2 kB in all with 256 frames.',
    ),
    Lack(
        JACK_1,
        'delays of the dummy driver',
        'That driver, which is for tests, reports xruns without a delay.',
    ),
    Lack(
        NOT_JACK_2,
        'the functions of JACK 2',
        'What needs a function that this libjack lacks is a `JackError` that '
        'names it.',
    ),
    Lack(
        ('pipewire',),
        'freewheel mode',
        'The client that starts it has no more cycles until it ends it, and '
        'the others are not told.',
    ),
    Lack(
        JACK_1,
        'new blocksizes in freewheel mode',
        'To set `Client.blocksize` is a `JackError` then; when another '
        'program has begun that mode, the server hangs for ever.',
    ),
    Lack(
        PIPEWIRE,
        'freewheel mode after its client',
        'It ends when the client that has begun it is closed.',
    ),
    Lack(
        ('pipewire',),
        'properties that can be deleted',
        'A property that was removed can still be read.  Others hear of a '
        'change late, or never, if the client that makes it is closed at '
        'once.',
        can_be_tried=False,
    ),
    Lack(
        PIPEWIRE,
        'leaving without a file to spare',
        'When a process has as many files open as it may, its clients cannot '
        'be deactivated or closed: it does not answer.',
        can_be_tried=False,
    ),
    Lack(
        ('pipewire',),
        'two aliases',
        'A port takes one; its own name counts as the other.',
    ),
    Lack(
        ('pipewire',),
        'ports in the order of their registration',
        '`Client.get_ports` gives them in any order.',
        can_be_tried=False,
    ),
    Lack(
        JACK_1,
        'patience with late clients',
        'One that is late by half a second, or by a cycle in real time, is '
        'thrown out, as its shutdown callback is told.  jackd gives more time '
        'with the option ``-t``; all the others have to wait then.',
    ),
    Lack(
        JACK_1,
        'more than 256 ports',
        'They are all that there are, unless jackd was started with ``-p``; '
        'JACK 2 has 2048.',
    ),
    Lack(
        JACK_1,
        'version and process numbers',
        '`version`, `version_string` and `client_pid` are a `JackError`.',
    ),
    Lack(
        JACK_1,
        'numbers of port types',
        '`Port.type_id` is a `JackError`.',
    ),
    Lack(
        JACK_1,
        'news from libjack',
        'The function of `set_info_function` has nothing to tell.',
    ),
    Lack(
        ('jack1', 'pipewire'),
        'tied ports',
        '`OwnPort.tie` is a `JackErrorCode`.',
    ),
    Lack(
        NOT_JACK_2,
        'internal clients',
        '`Client.load_internal_client` is a `JackError`, and so there is no '
        ':doc:`NetJACK <several_machines>`.',
    ),
    Lack(
        JACK_1,
        'a process thread for each activation',
        'It is the same one until the client is closed: the function of '
        '`Client.set_thread_init_callback` is called at the first activation '
        'only.',
    ),
    Lack(
        JACK_1,
        'requests within callbacks',
        'To connect, to register a port, `Client.get_all_connections` and '
        'whatever else has to be asked of the server is a `JackError` there, '
        'in the process callback, too.  Elsewhere, this is so in '
        'notifications only, and all connections can be seen.',
    ),
    Lack(
        JACK_1,
        'reserved client names',
        'A name that was reserved with `Client.reserve_client_name` goes to '
        'the first client that is opened with *another* session_id.',
    ),
    Lack(
        JACK_1,
        'client names of more than 32 bytes',
        'Opening the client is a `JackOpenError`; JACK 2 takes 63 bytes, '
        'PipeWire 256.',
    ),
    Lack(
        PIPEWIRE,
        'notification of xruns',
        '`Client.set_xrun_callback` is accepted, and the function is hardly '
        'ever called when cycles are lost.',
        can_be_tried=False,
    ),
    Lack(
        PIPEWIRE,
        'notification of all clients of a process',
        'Of the clients in one process, only one hears of the change of a '
        'property: whichever is the first.',
        can_be_tried=False,
    ),
    Lack(
        PIPEWIRE,
        'refusal of requests within notifications',
        'Connecting, registering and setting the blocksize work there.',
    ),
    Lack(
        PIPEWIRE,
        'aliases that others see',
        'Only the client that has given a port an alias knows of it, and '
        'only its own ports can have one.',
    ),
    Lack(
        PIPEWIRE,
        'renamed ports that others see',
        'They go on to know the port by its old name, and cannot rename it '
        'themselves.',
    ),
    Lack(
        PIPEWIRE,
        'a limit of ports that can be set',
        'In 1.4 a client can have 768 ports, in 0.3 any number.',
    ),
    Lack(
        PIPEWIRE,
        'monitoring that others see',
        'Who asks for monitoring sees it, and nobody else.',
    ),
    Lack(
        ('pipewire-new',),
        'flags of ports without hardware',
        'The ports of devices that are made of software, such as null sinks, '
        'are neither physical nor terminal.',
    ),
    Lack(
        ('pipewire-new',),
        'clocks of inactive clients',
        '`Client.frame_time` and its relatives are 0 until the client is '
        'activated for the first time.',
    ),
    Lack(
        PIPEWIRE,
        'the transport as inactive clients see it',
        'It stands still until the client is activated for the first time.',
    ),
    Lack(
        JACK_1,
        'a start at the new position',
        'The transport that is moved, and started at once, rolls for a cycle '
        'where it was before.',
    ),
    Lack(
        PIPEWIRE,
        'blocksizes of the server',
        'The new `Client.blocksize` holds some cycles later, and only while '
        'the client which has set it is active.  No size is refused; 0.3 '
        'takes the next power of two.',
    ),
    Lack(
        PIPEWIRE,
        'a blocksize that everybody knows',
        'When it was changed by a client, others learn of it when they are '
        'activated.  Before, what is counted in blocks may be wrong for them, '
        'such as latencies.',
    ),
    Lack(
        ('pipewire-new',),
        'connections during callbacks',
        'What is connected while a callback that is told of connections, '
        'ports or clients takes its time, may be heard, but not be listed nor '
        'be disconnected by that client.',
    ),
    Lack(
        ('pipewire-new',),
        'ports of inactive clients',
        'Other clients neither see nor find them before `Client.activate`; '
        'after `Client.deactivate`, nobody does.',
    ),
    Lack(
        ('pipewire',),
        'safety while many ports vanish',
        'Where hundreds of ports come and go per second, libjack crashes '
        'programs in C.  Those in Python may hang in `Client.activate`, when '
        'that fails because of others and is done once more: in a few of a '
        'hundred such cases.',
        can_be_tried=False,
    ),
    Lack(
        ('pipewire',),
        'names of one client each',
        'A name that is taken is given to a second client as well, with '
        '*use_exact_name* too.',
    ),
    Lack(
        PIPEWIRE,
        'ports called system:capture_1 and so on',
        'Clients are called like sound cards, and ports like ``playback_FL``: '
        'give `Client.get_ports` *is_physical* instead of names.',
    ),
    Lack(
        PIPEWIRE,
        'start with jackd',
        'The server is ``pipewire``, and it has no ports without a sound card '
        'unless its configuration makes some: see below.',
    ),
    Lack(
        PIPEWIRE,
        'clients numbered from 01 to 99',
        'The second client of a name gets some number, in no order, and there '
        'is no end of them.',
    ),
    Lack(
        PIPEWIRE,
        'servers that are started on demand',
        'Without a server, opening a client is a `JackOpenError` at once.',
    ),
    Lack(
        PIPEWIRE,
        'connections of active clients only',
        'Ports can be connected before `Client.activate` already.',
    ),
    Lack(
        ('pipewire',),
        'news of other clients at once',
        'What one client does is seen by another some milliseconds later, '
        'also in the same program.',
        can_be_tried=False,
    ),
    Lack(
        PIPEWIRE,
        'ports at hand that know their end at once',
        'A `Port` of somebody else may be used for some milliseconds after '
        'it is gone.',
        can_be_tried=False,
    ),
    Lack(
        ('pipewire',),
        'connections that hold at once',
        'What is sent some cycles after `Client.connect` may not go through, '
        'and now and then a connection stays silent.',
        can_be_tried=False,
    ),
    Lack(
        ('pipewire',),
        'process threads that leave the ports unconnected',
        'When the function of `Client.set_process_thread` returns, the ports '
        'can be connected still.',
    ),
    Lack(
        PIPEWIRE,
        'time for others when clients fail at once',
        'When the process callbacks of several clients fail, threads of '
        'libjack are busy for nothing, in real time, until these have left '
        'the graph.  Two of them can hold up a machine with two processors; '
        'with 1.4 only beside other programs that do the same.',
        can_be_tried=False,
    ),
    Lack(
        PIPEWIRE,
        'connections that end within the cycle',
        'In the process callback, to disconnect ports, or to unregister one '
        'that is connected, is a `JackError`: libjack would crash or wait for '
        'ever.',
    ),
    Lack(
        PIPEWIRE,
        'MIDI events as they are',
        'A note-on with the velocity 0 arrives as a note-off.',
    ),
    Lack(
        JACK_2 + JACK_1,
        'ports of other types',
        '`Client.register_port` knows audio and MIDI ports only; on PipeWire '
        "also those of the type ``'32 bit float RGBA video'``.",
    ),
    Lack(
        ('pipewire-new',),
        'long events in one piece',
        'Programs in C get events of more than six bytes in pieces of six, '
        'which `OwnMidiPort.incoming_midi_events` joins.',
    ),
    Lack(
        PIPEWIRE,
        'counts of lost events',
        'An output takes 8 kB of MIDI events in a cycle, an input 32 kB; '
        '1.4 drops what does not fit and does not count it.',
    ),
    Lack(
        PIPEWIRE,
        'conditional timebase masters',
        '`Client.set_timebase_callback` with *conditional* says that it has '
        'succeeded when there is a master already, too.',
    ),
    Lack(
        PIPEWIRE,
        'requests of inactive clients',
        'What starts, stops or moves the transport is a `JackError` before '
        '`Client.activate`.',
    ),
    Lack(
        PIPEWIRE,
        'positions that are more than a frame',
        '`Client.transport_reposition` is a `JackError` with any other field; '
        'those of a struct are ignored, as only timebase masters can fill '
        'them in.',
    ),
    Lack(
        ('pipewire',),
        'positions after a larger blocksize',
        'When the last active client had set one, `Client.transport_query` '
        'gives the next ones a frame that stands still, until the transport '
        'is moved while it rolls.',
    ),
    Lack(
        PIPEWIRE,
        'timeouts of slow-sync clients',
        '`Client.set_sync_timeout` changes nothing: the transport waits for '
        'five seconds.',
    ),
    Lack(
        ('pipewire',),
        'ticks as they are counted',
        'Whatever ``ticks_per_beat`` the timebase master gives, all clients '
        'read 1920, and as many ticks as that makes.',
    ),
    Lack(
        PIPEWIRE,
        'real-time scheduling of any thread',
        '`acquire_realtime_scheduling` does nothing, without an error, for '
        "threads that are not PipeWire's own.",
    ),
    Lack(
        PIPEWIRE,
        'latencies as they are on JACK',
        'A range that was set with `OwnPort.set_latency_range` is not seen in '
        'each direction, and none of 2\\ :sup:`31` frames or more.',
    ),
    Lack(
        ('pipewire-new',),
        'latency callbacks for both directions',
        'When connections change, it is called for one of the two only.',
    ),
    Lack(
        ('pipewire',),
        'latency callbacks without a connection',
        'It is called when connections change, and when the client itself '
        'calls `Client.recompute_total_latencies`, but neither after '
        '`Client.activate` nor for what others do.',
    ),
    Lack(
        ('pipewire',),
        'new latencies that all see',
        'After `Client.recompute_total_latencies`, others go on to see the '
        'former ones now and then.',
        can_be_tried=False,
    ),
    Lack(
        ('pipewire',),
        'memory of closed clients',
        'Each client that is opened and closed leaves 90 kB in its process.',
    ),
    Lack(
        ('pipewire-new',),
        'forks that exit',
        'When a forked copy of the process ends with ``sys.exit()``, and not '
        'with ``os._exit()``, there are no more cycles in the parent.',
    ),
    Lack(
        PIPEWIRE,
        'native callbacks that end themselves',
        'A native process callback is called on when its result is not 0.',
    ),
    Lack(
        PIPEWIRE,
        'activations during which the server ends',
        'libjack ends the thread of the process callback then, in Python.  '
        'In a program with busy threads nobody may get the interpreter lock '
        'any more, so that it hangs, or it crashes (1.4).',
        can_be_tried=False,
    ),
    Lack(
        PIPEWIRE,
        'connections that work once they are counted',
        '`OwnPort.number_of_connections` may count one up to three cycles '
        'before anything goes through it.',
        can_be_tried=False,
    ),
    Lack(
        PIPEWIRE,
        'properties of any number',
        'A property is that of a client or a port.',
    ),
    Lack(
        PIPEWIRE,
        'properties that end with their subject',
        'libjack goes on to tell what it knows of a port or a client that is '
        'gone.',
    ),
    Lack(
        JACK_1,
        'reasons why there is no internal client',
        'The `JackError` does not tell.',
    ),
    Lack(
        JACK_1,
        'bars of jack_transport',
        "When JACK's own program ``jack_transport`` is the timebase master, "
        'nobody sees bars.',
    ),
    Lack(
        PIPEWIRE,
        'modes of scheduling',
        '`Client.realtime` is always true.',
    ),
    Lack(
        PIPEWIRE,
        'messages of libjack',
        'The functions given to `set_error_function` and `set_info_function` '
        'are never called; ``PIPEWIRE_DEBUG=3`` in the environment makes '
        'libjack write to stderr.',
    ),
    Lack(
        PIPEWIRE,
        'sessions',
        '`Client.session_notify` and its relatives are a `JackError`, and '
        'a *session_id* is ignored.',
    ),
]

FEATURES = {lack.feature for lack in LACKS}


def lack(kind, feature):
    """The row that says so, if this kind of server lacks the feature."""
    if feature not in FEATURES:
        raise ValueError(f'tests/features.py does not know {feature!r}')
    for row in LACKS:
        if row.feature == feature and kind in row.servers:
            return row
    return None
