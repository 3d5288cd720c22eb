#!/usr/bin/env python3
"""Print everything that the JACK server tells its clients.

Needs nothing but the jack module.  Run it, then start, connect and stop other
JACK programs::

    python3 chatty_client.py [clientname [servername]]
"""

import argparse
import contextlib
import functools
import sys
import threading

import jack

# Each line goes out at once, also when another program reads along.
say = functools.partial(print, flush=True)


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='chatty_client')
    parser.add_argument('servername', nargs='?')
    return parser.parse_args()


def listen(client):
    """Set a callback for each kind of notification.

    JACK calls them on a thread which is not the real-time one, so they may
    print.  They may not ask the server for any change: it is waiting for them.
    """

    @client.set_client_registration_callback
    def client_registration(name, register):
        say('client', 'registered' if register else 'unregistered', name)

    @client.set_port_registration_callback
    def port_registration(port, register):
        say('port', 'registered' if register else 'unregistered', port)

    @client.set_port_connect_callback
    def port_connect(a, b, connect):
        say('port', 'connected' if connect else 'disconnected', a, 'to', b)

    @client.set_port_rename_callback
    def port_rename(port, old, new):
        say('port renamed', old, 'to', new)

    @client.set_property_change_callback
    def property_change(subject, key, change):
        what = ['created', 'changed', 'deleted'][change]
        say('property', what, key or '(all of them)', f'of {subject:#x}')

    client.set_graph_order_callback(lambda: say('graph order changed'))
    client.set_xrun_callback(lambda usecs: say('xrun of', usecs, 'us'))
    client.set_blocksize_callback(lambda size: say('block size', size))
    client.set_samplerate_callback(lambda rate: say('sample rate', rate))
    client.set_freewheel_callback(lambda on: say('freewheel', on))


def main():
    args = parse_args()
    # Without these, the chatter of libjack itself goes to stderr.
    jack.set_error_function(lambda message: say('error:', message))
    jack.set_info_function(lambda message: say('info:', message))
    try:
        client = jack.Client(args.clientname, servername=args.servername)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    stop = threading.Event()
    listen(client)

    @client.set_shutdown_callback
    def shutdown(status, reason):
        say('shutdown:', reason, status)
        stop.set()

    with contextlib.suppress(KeyboardInterrupt), client:
        say(f'{client.name} is listening, Ctrl+C ends it')
        stop.wait()
    return 0


if __name__ == '__main__':
    sys.exit(main())
