#!/usr/bin/env python3
"""Delay the sound, and tell JACK by how much.

Needs NumPy.  Run it, connect it, and look at the latencies with jack_lsp -l::

    python3 latency.py [-d FRAMES] [clientname]
"""

import argparse
import contextlib
import sys
import threading

import numpy as np

import jack


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='latency')
    text = 'how long the sound stays in here (default: %(default)s)'
    parser.add_argument('-d', '--delay', type=int, default=256, help=text)
    args = parser.parse_args()
    if args.delay < 0:
        parser.error('the delay must not be negative')
    return args


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    inport = client.inports.register('input')
    outport = client.outports.register('output')
    line = np.zeros(0, 'float32')  # the delayed samples, then the new block
    stop = threading.Event()

    @client.set_blocksize_callback
    def allocate(blocksize):
        nonlocal line
        line = np.zeros(args.delay + blocksize, 'float32')

    @client.set_process_callback
    def process(frames):
        line[args.delay :] = inport.get_array()
        outport.get_array()[:] = line[:frames]
        line[: args.delay] = line[frames:]

    @client.set_latency_callback
    def latency(mode):
        # JACK asks twice whenever the connections change.  Capture latency is
        # the age of what arrives, so it goes on from the input to the output.
        # Playback latency is the time until it will be heard, and what counts
        # for the output counts for the input, too, plus the time in here.
        if mode == jack.CAPTURE_LATENCY:
            source, target = inport, outport
        else:
            source, target = outport, inport
        minimum, maximum = source.get_latency_range(mode)
        target.set_latency_range(
            mode, minimum + args.delay, maximum + args.delay
        )

    client.set_shutdown_callback(lambda status, reason: stop.set())
    allocate(client.blocksize)
    with contextlib.suppress(KeyboardInterrupt), client:
        print(f'{client.name} is running, Ctrl+C ends it', flush=True)
        stop.wait()
    return 0


if __name__ == '__main__':
    sys.exit(main())
