#!/usr/bin/env python3
"""Let other machines of the network join the JACK server of this one.

Needs JACK 2 on both.  Give it the address which this machine has in the
network::

    python3 net_master.py [-p PORT] ADDRESS

and start JACK on each of the others like this::

    jackd -d net -a ADDRESS -p PORT
"""

import argparse
import contextlib
import sys
import threading

import jack


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('address', help='IP address of this machine')
    parser.add_argument(
        '-p',
        '--port',
        type=int,
        default=19000,
        help='UDP port (default: %(default)s)',
    )
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        client = jack.Client('net_master')
    except jack.JackOpenError as e:
        sys.exit(str(e))
    gone = threading.Event()
    client.set_shutdown_callback(lambda status, reason: gone.set())

    # Each machine is one more client of this server, called like its host.
    @client.set_client_registration_callback
    def registered(name, register):
        print(f'{name} {"joins" if register else "leaves"}', flush=True)

    with contextlib.suppress(KeyboardInterrupt), client:
        # It runs inside the server, which it opens to the network.
        manager = client.load_internal_client(
            'netmanager', 'netmanager', f'-a {args.address} -p {args.port}'
        )
        print('waiting for machines, Ctrl+C ends it', flush=True)
        try:
            gone.wait()
        finally:
            if not gone.is_set():
                manager.unload()
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except jack.JackError as e:
        sys.exit(str(e))
