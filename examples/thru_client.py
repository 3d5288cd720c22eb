#!/usr/bin/env python3
"""Duplicate what arrives at the inputs to the outputs.

Needs nothing but the jack module.  Mind the feedback when the microphone can
hear the loudspeakers!  Run it with::

    python3 thru_client.py [-p PORTS] [clientname [servername]]
"""

import argparse
import contextlib
import sys
import threading

import jack


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='thru_client')
    parser.add_argument('servername', nargs='?')
    parser.add_argument(
        '-p',
        '--ports',
        type=int,
        default=2,
        help='number of inputs and of outputs (default: %(default)s)',
    )
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname, servername=args.servername)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    for number in range(1, args.ports + 1):
        client.inports.register(f'input_{number}')
        client.outports.register(f'output_{number}')
    pairs = list(zip(client.inports, client.outports))
    stop = threading.Event()

    @client.set_process_callback
    def process(frames):
        for inport, outport in pairs:
            # A buffer is good for one cycle only: ask for it every time.
            outport.get_buffer()[:] = inport.get_buffer()

    @client.set_shutdown_callback
    def shutdown(status, reason):
        # Runs on a thread of JACK, which must not close the client; the main
        # thread does that when it leaves the "with" block.
        stop.set()

    # Activated on entry, deactivated and closed on exit, also by Ctrl+C.
    with contextlib.suppress(KeyboardInterrupt), client:
        # Only an active client can be connected.  A physical port that is an
        # output feeds the graph: there, what was plugged in can be heard.
        sources = client.get_ports(
            is_audio=True, is_physical=True, is_output=True
        )
        destinations = client.get_ports(
            is_audio=True, is_physical=True, is_input=True
        )
        for source, inport in zip(sources, client.inports):
            client.connect(source, inport)
        for outport, destination in zip(client.outports, destinations):
            client.connect(outport, destination)

        print(f'{client.name} is running, Ctrl+C ends it', flush=True)
        stop.wait()
        print('the JACK server has shut down', file=sys.stderr)
    return 0


if __name__ == '__main__':
    sys.exit(main())
