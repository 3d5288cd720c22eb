"""Clients, ports, connections and the transport, against a model.

    python -m tests.robust.graph [EXAMPLES [PHASE...]]

Everything is done on a real server, by several clients in one process.
"""

import itertools
import sys

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import jack
from tests.notifications import wait_until
from tests.robust.members import ignore

AUDIO, MIDI = 'audio', 'midi'

#: Chooses one of what there is.
WHICH = st.integers(0, 1000)
SHORTNAMES = st.sampled_from(['a', 'b', 'ü', 'a b', 'x' * 40, 'a(b', 'ports'])

_numbers = itertools.count()


class Client:
    """What the model knows of a client, beside the client itself."""

    def __init__(self):
        self.client = jack.Client(f'model-{next(_numbers)}')
        self.active = False
        self.cycles = 0
        self.client.set_process_callback(self.process)
        #: Ports by their short names.
        self.ports = {}

    def process(self, frames):
        self.cycles += 1


class Port:
    """What the model knows of a port, beside the port itself."""

    def __init__(self, owner, name, kind, is_output):
        self.owner = owner
        self.name = name
        self.kind = kind
        self.is_output = is_output
        client = owner.client
        self.list = {
            (AUDIO, False): client.inports,
            (AUDIO, True): client.outports,
            (MIDI, False): client.midi_inports,
            (MIDI, True): client.midi_outports,
        }[kind, is_output]
        self.port = self.list.register(name)

    @property
    def full_name(self):
        return f'{self.owner.client.name}:{self.name}'


def succeeds(expected, function, *args):
    """Call *function*, which fails if and only if the model says so."""
    try:
        function(*args)
    except jack.JackError as error:
        assert not expected, (function, args, error)
        return False
    assert expected, (function, args, 'should have been an error')
    return True


class Graph(RuleBasedStateMachine):
    """All that changes the graph, by name or by object."""

    def __init__(self):
        super().__init__()
        self.clients = []
        #: Ports that are gone, and their names.
        self.dead = []
        #: Pairs of ports.
        self.connections = set()
        self.rolling = False

    def teardown(self):
        with jack.Client('resetter') as client:
            client.transport_stop()
            client.transport_frame = 0
        for client in self.clients:
            client.client.close()

    # What there is.

    def ports(self):
        return [p for c in self.clients for p in c.ports.values()]

    def choose(self, which, found):
        return found[which % len(found)]

    def drop(self, ports):
        """These ports have no connections any more."""
        self.connections = {
            pair for pair in self.connections if not set(pair) & set(ports)
        }

    has_clients = precondition(lambda self: self.clients)
    has_ports = precondition(lambda self: self.ports())
    has_dead = precondition(lambda self: self.clients and self.dead)

    # Clients.

    @precondition(lambda self: len(self.clients) < 3)
    @rule(active=st.booleans())
    def open(self, active):
        self.clients.append(Client())
        if active:
            self.activate(-1)

    @has_clients
    @rule(which=WHICH)
    def close(self, which):
        client = self.choose(which, self.clients)
        self.clients.remove(client)
        self.drop(client.ports.values())
        self.dead += [(p.port, p.full_name) for p in client.ports.values()]
        client.client.close()
        assert client.client.closed

    @has_clients
    @rule(which=WHICH)
    def activate(self, which):
        client = self.choose(which, self.clients)
        client.client.activate()
        client.active = True
        before = client.cycles
        wait_until(lambda: client.cycles > before)

    @has_clients
    @rule(which=WHICH)
    def deactivate(self, which):
        client = self.choose(which, self.clients)
        client.client.deactivate()
        client.active = False
        self.drop(client.ports.values())
        before = client.cycles
        self.settle()
        assert client.cycles == before

    # Ports.

    @has_clients
    @rule(
        which=WHICH,
        name=SHORTNAMES,
        kind=st.sampled_from([AUDIO, MIDI]),
        is_output=st.booleans(),
    )
    def register(self, which, name, kind, is_output):
        client = self.choose(which, self.clients)
        made = []
        if succeeds(
            name not in client.ports,
            lambda: made.append(Port(client, name, kind, is_output)),
        ):
            (client.ports[name],) = made

    @has_ports
    @rule(which=WHICH)
    def unregister(self, which):
        port = self.choose(which, self.ports())
        port.port.unregister()
        del port.owner.ports[port.name]
        self.drop([port])
        self.dead.append((port.port, port.full_name))

    @has_ports
    @rule(which=WHICH, name=SHORTNAMES)
    def rename(self, which, name):
        port = self.choose(which, self.ports())
        taken = name in port.owner.ports and name != port.name
        if succeeds(
            not taken, lambda: setattr(port.port, 'shortname', name)
        ):
            del port.owner.ports[port.name]
            port.name = name
            port.owner.ports[name] = port

    @has_dead
    @rule(which=WHICH)
    def use_a_dead_port(self, which):
        port, name = self.choose(which, self.dead)
        client = self.clients[0].client
        for function in (
            lambda: port.name,
            lambda: port.connections,
            port.unregister,
            lambda: client.connect(port, 'system:playback_1'),
            lambda: client.get_all_connections(port),
        ):
            succeeds(False, function)
        assert name in repr(port)

    # Connections.

    @has_ports
    @rule(a=WHICH, b=WHICH, whose=WHICH, by_name=st.booleans())
    def connect(self, a, b, whose, by_name):
        source = self.choose(a, self.ports())
        target = self.choose(b, self.ports())
        client = self.choose(whose, self.clients).client
        possible = (
            source.is_output
            and not target.is_output
            and source.kind == target.kind
            and source.owner.active
            and target.owner.active
            and (source, target) not in self.connections
        )
        ends = (
            (source.full_name, target.full_name)
            if by_name
            else (source.port, target.port)
        )
        if succeeds(possible, client.connect, *ends):
            self.connections.add((source, target))

    @precondition(lambda self: self.connections)
    @rule(which=WHICH, whose=WHICH)
    def disconnect(self, which, whose):
        source, target = pair = self.choose(
            which,
            sorted(
                self.connections,
                key=lambda pair: [port.full_name for port in pair],
            ),
        )
        self.choose(whose, self.clients).client.disconnect(
            source.port, target.full_name
        )
        self.connections.remove(pair)

    @has_ports
    @rule(which=WHICH)
    def disconnect_all(self, which):
        port = self.choose(which, self.ports())
        port.port.disconnect()
        self.drop([port])

    # Transport.

    @precondition(lambda self: any(c.active for c in self.clients))
    @rule(frame=st.integers(0, 10**6), rolling=st.booleans())
    def transport(self, frame, rolling):
        client = next(c for c in self.clients if c.active).client
        client.transport_stop()
        wait_until(lambda: client.transport_state == jack.STOPPED)
        client.transport_locate(frame)
        wait_until(lambda: client.transport_frame == frame)
        if rolling:
            client.transport_start()
            wait_until(lambda: client.transport_frame > frame)
            assert client.transport_state in (jack.ROLLING, jack.STARTING)

    # What has to be so at any time.

    def settle(self):
        """The server agrees with the model, now or soon."""
        for client in self.clients:
            for port in client.ports.values():
                expected = {
                    other.full_name
                    for pair in self.connections
                    for other in pair
                    if port in pair and other is not port
                }
                wait_until(
                    lambda port=port, expected=expected: {
                        p.name for p in port.port.connections
                    }
                    == expected
                )

    @invariant()
    def the_server_agrees(self):
        self.settle()
        names = {port.full_name for port in self.ports()}
        for client in self.clients:
            listed = client.client.get_ports('^model-')
            assert {port.name for port in listed} == names
            assert client.client.active == client.active
            assert not client.client.closed
            assert client.client.last_exception is None
            for port in client.ports.values():
                assert port.port.name == port.full_name
                assert port.port.is_output == port.is_output
                assert port.port.is_midi == (port.kind == MIDI)
                assert port.port in port.list
                (found,) = [
                    p for p in listed if p.name == port.full_name
                ]
                assert found == port.port
                assert hash(found) == hash(port.port)


if __name__ == '__main__':
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    phases = [Phase[name] for name in sys.argv[2:]] or list(Phase)
    jack.set_error_function(ignore)
    run_state_machine_as_test(
        Graph,
        settings=settings(
            max_examples=examples,
            phases=phases,
            stateful_step_count=30,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
