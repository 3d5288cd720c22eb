"""Asks for everything within one kind of callback; run as a child process.

    python -m tests.robust.asking KIND

Meanwhile the main thread asks, too.  Whether the callback is refused is up to
the server; but nobody gets the other's answer, or has to wait.  Prints the
name of each request.
"""

import sys
import threading
import time

import jack
from tests.notifications import KEY, Other
from tests.robust.failing import install, trigger
from tests.robust.members import ignore

REQUESTS = {
    'unregister': lambda client, port: port.unregister(),
    'clear': lambda client, port: client.inports.clear(),
    'register': lambda client, port: client.inports.register('another'),
    'rename': lambda client, port: setattr(port, 'shortname', 'new'),
    'connect': lambda client, port: client.connect('system:capture_1', port),
    'disconnect': lambda client, port: port.disconnect(),
    'alias': lambda client, port: port.set_alias('called'),
    'monitor': lambda client, port: port.request_monitor(True),
    'blocksize': lambda client, port: setattr(
        client, 'blocksize', client.blocksize
    ),
    'freewheel': lambda client, port: client.set_freewheel(False),
    'property': lambda client, port: client.set_property(client, KEY, 'value'),
    'properties': lambda client, port: jack.get_all_properties(),
    'latencies': lambda client, port: client.recompute_total_latencies(),
    'transport': lambda client, port: client.transport_stop(),
    'timebase': lambda client, port: client.set_timebase_callback(ignore),
    'release': lambda client, port: client.release_timebase(),
    'sync': lambda client, port: client.set_sync_callback(
        lambda state, position: True
    ),
    'connections': lambda client, port: client.get_all_connections(
        'system:capture_1'
    ),
    'uuid': lambda client, port: client.get_uuid_for_client_name('other'),
}


def attempt(kind, other, request):
    client = jack.Client('asking')
    port = client.inports.register('port')
    asked = threading.Event()
    problems = []

    def callback(*args):
        if asked.is_set():
            return True
        begin = time.monotonic()
        try:
            request(client, port)
        except jack.JackError:
            # It says what to do instead.
            pass
        except BaseException as error:
            problems.append(error)
        if time.monotonic() > begin + 1:
            problems.append(f'{time.monotonic() - begin} s')
        asked.set()
        return True

    install(kind, client, callback)
    if kind != 'process':
        client.set_process_callback(ignore)
    client.activate()
    trigger(kind, other)
    # While the callback runs, and after it.
    for number in range(3):
        source = client.midi_outports.register(f'source-{number}')
        target = client.outports.register(f'target-{number}')
        assert source.is_midi, source
        assert not target.is_midi, target
        assert source.shortname == f'source-{number}', source
        uuid = client.get_uuid_for_client_name(client.name)
        assert uuid == client.uuid, uuid
        source.unregister()
        target.unregister()
        if number == 1:
            assert asked.wait(5)
    assert not problems, problems
    assert client.last_exception is None
    assert client.active
    client.deactivate(ignore_errors=False)
    client.close(ignore_errors=False)


def main(kind):
    other = Other()
    for name, request in REQUESTS.items():
        begin = time.monotonic()
        attempt(kind, other, request)
        assert time.monotonic() < begin + 3, name
        print(name, flush=True)
    other.close()


if __name__ == '__main__':
    jack.set_error_function(ignore)
    main(*sys.argv[1:])
