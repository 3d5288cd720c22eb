"""Uses every member of everything after its end; run by child processes.

    python -m tests.robust.ended STATE
"""

import os
import signal
import sys
import threading

import jack
from tests.notifications import wait_until
from tests.robust.members import Elsewhere, Report, World, ignore, uses

#: What is no error once a client is closed: the state itself.
CLIENT_STATE = {
    'active': lambda result: result is False,
    'closed': lambda result: result is True,
    'last_exception': lambda result: result is None,
    'xrun_count': lambda result: type(result) is int,
    'close': lambda result: result is None,
    '__exit__': lambda result: result is None,
    '__repr__': lambda result: 'closed' in result,
}

#: A list of ports is empty then.
PORTS_STATE = {
    '__len__': lambda result: result == 0,
    '__iter__': lambda result: list(result) == [],
    '__reversed__': lambda result: list(result) == [],
    '__contains__': lambda result: result is False,
    '__repr__': lambda result: result == '[]',
    '__getitem__': lambda result: False,
}

#: What belongs to the class, or to the object as such.
PORT_STATE = {
    'is_audio': lambda result: type(result) is bool,
    'is_midi': lambda result: type(result) is bool,
    '__eq__': lambda result: type(result) is bool,
    '__ne__': lambda result: type(result) is bool,
    '__hash__': lambda result: type(result) is int,
    '__repr__': lambda result: result.startswith('jack.'),
}

#: A client whose server has gone is not closed yet.
LOST_CLIENT_STATE = {
    **CLIENT_STATE,
    'closed': lambda result: result is False,
    'name': lambda result: result == 'subject',
    'status': lambda result: type(result) is jack.Status,
    'deactivate': lambda result: result is None,
    'close': lambda result: result is None,
    '__repr__': lambda result: 'without a server' in result,
}

LOST_PORTS_STATE = {
    '__len__': lambda result: result >= 1,
    '__iter__': lambda result: len(list(result)) >= 1,
    '__reversed__': lambda result: len(list(result)) >= 1,
    '__contains__': lambda result: type(result) is bool,
    '__repr__': lambda result: 'subject:' in result,
    '__getitem__': lambda result: isinstance(result, jack.Port),
}

ENDING = ('close', '__exit__')


def check(report, label, target, world, state, words, skip=()):
    """Use all of *target*: only what is in *state* may succeed.

    Every other use raises a `JackError` with one of *words* in it.
    """

    def accept(member):
        def judge(result, error):
            if error is None:
                if member not in state:
                    return f'returned {result!r}'
                if not state[member](result):
                    return f'returned {result!r} as its state'
            elif isinstance(error, jack.JackError):
                if state.get(member) not in (None, lost_index):
                    return f'{error!r} instead of its state'
                if not any(word in str(error) for word in words):
                    return f'none of {words} in {error!r}'
                if error.__context__ and not error.__suppress_context__:
                    # A second traceback, which is of no use to anybody.
                    return f'{error!r} during {error.__context__!r}'
            return None

        return judge

    lost_index = state.get('__getitem__')
    for what, member, function in uses(target, world, skip):
        allowed = [jack.JackError]
        if member == '__getitem__':
            allowed.append(IndexError)
        if isinstance(target, jack.OwnMidiPort) and member in (
            'get_buffer',
            'get_array',
        ):
            # Never there, as the manual says.
            allowed.append(NotImplementedError)
        report.run(f'{label}.{what}', function, accept(member), allowed)


def own_ports(world):
    return {
        'own_in': world.own_in,
        'own_out': world.own_out,
        'own_midi_in': world.own_midi_in,
        'own_midi_out': world.own_midi_out,
    }


def foreign_ports(world):
    return {
        'foreign_audio': world.foreign_audio,
        'foreign_midi': world.foreign_midi,
    }


def check_all(report, world, client_state, ports_state, words):
    check(report, 'client', world.client, world, client_state, words)
    for name, ports in world.lists.items():
        check(report, name, ports, world, ports_state, words)
    for name, port in {**own_ports(world), **foreign_ports(world)}.items():
        check(report, name, port, world, PORT_STATE, words)


def unopened(report):
    class Careless(jack.Client):
        """One that does not call its base class's ``__init__``."""

        def __init__(self):
            self.data = {}

    world = World()
    failed = jack.Client.__new__(jack.Client)
    try:
        failed.__init__('nobody', servername='x' * 300)
    except (jack.JackError, ValueError) as error:
        assert 'servername' in str(error), error
    state = {'__repr__': lambda result: result == '<jack.Client, not opened>'}
    for client in failed, Careless():
        words = ['has not been opened']
        check(report, 'unopened', client, world, state, words)
    world.close()


def closed(report, active):
    world = World()
    if active:
        world.activate()
        world.client.connect(world.own_out, 'system:playback_1')
    world.client.close()
    check_all(report, world, CLIENT_STATE, PORTS_STATE, ['closed'])
    world.neighbour.close()


def closed_while_used():
    """Call everything from one thread while another one closes."""
    for _ in range(3):
        report = Report()
        world = World()
        world.activate()
        stop = threading.Event()
        everything = [
            world.client,
            *world.lists.values(),
            *own_ports(world).values(),
            *foreign_ports(world).values(),
        ]
        # What has been loaded into the server would stay, and pile up.
        # jackd 1.9.21 dies of a session reply that nobody has asked for.
        ending = {*ENDING, 'deactivate', 'unregister', 'clear',
                  'load_internal_client', 'session_reply'}
        allowed = [jack.JackError, IndexError, NotImplementedError]

        def use(everything=everything, world=world, report=report,
                stop=stop, ending=ending, allowed=allowed):
            while not stop.is_set():
                for target in everything:
                    for what, _, function in uses(target, world, ending):
                        report.run(what, function, lambda *_: None, allowed)

        thread = threading.Thread(target=use)
        thread.start()
        wait_until(lambda report=report: report.count > 50, 10)
        world.client.close()
        assert world.client.closed
        more = report.count + 20
        wait_until(lambda report=report, more=more: report.count > more, 10)
        stop.set()
        thread.join()
        report.finish()
        world.neighbour.close()


def unregistered(report, in_cycle):
    world = World()
    world.activate()
    world.client.connect(world.own_out, 'system:playback_1')
    ports = own_ports(world)
    for port in ports.values():
        port.unregister()
    # Others take the places which these had in libjack's table.
    others = [world.client.inports.register(f'usurper-{n}') for n in range(4)]
    for name, port in ports.items():

        def walk(name=name, port=port):
            check(report, name, port, world, PORT_STATE, ['gone', 'closed'])

        if in_cycle:
            world.in_cycle(walk, 20)
        else:
            walk()
    assert [port.shortname for port in others] == [
        f'usurper-{n}' for n in range(4)
    ]
    assert not any(port.connections for port in others)
    world.close()


def bereft(report):
    """The owner of a port is killed."""
    owner = Elsewhere('owner')
    world = World('owner')
    ports = foreign_ports(world)
    owner.kill()
    wait_until(lambda: not world.client.get_ports('^owner:'), 10)
    for name, port in ports.items():
        check(report, name, port, world, PORT_STATE, ['gone'])
    world.close()


def lost(report, pid):
    """The server dies."""
    world = World()
    calls = []
    world.client.set_shutdown_callback(lambda *args: calls.append(args))
    world.activate()
    world.client.connect(world.own_out, 'system:playback_1')
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: calls)
    check_lost(report, world)
    assert len(calls) == 1, calls
    world.close()
    check_all(report, world, CLIENT_STATE, PORTS_STATE, ['closed'])


def check_lost(report, world):
    words = ['server', 'gone']
    for target, state in (
        (world.client, LOST_CLIENT_STATE),
        *((ports, LOST_PORTS_STATE) for ports in world.lists.values()),
        *((port, PORT_STATE) for port in own_ports(world).values()),
        *((port, PORT_STATE) for port in foreign_ports(world).values()),
    ):
        label = type(target).__name__
        # Closing is for later, as it changes the state.
        check(report, label, target, world, state, words, ENDING)


def main(state, *args):
    report = Report()
    if state == 'unopened':
        unopened(report)
    elif state == 'closed':
        closed(report, False)
    elif state == 'closed-active':
        closed(report, True)
    elif state == 'closed-while-used':
        closed_while_used()
    elif state == 'unregistered':
        unregistered(report, False)
    elif state == 'unregistered-in-cycle':
        unregistered(report, True)
    elif state == 'bereft':
        bereft(report)
    elif state == 'lost':
        lost(report, int(args[0]))
    report.finish()


if __name__ == '__main__':
    jack.set_error_function(ignore)
    main(*sys.argv[1:])
