#!/usr/bin/env python3
"""Play a sound file, sample for sample and without a gap.

Needs NumPy and soundfile.  Run it with::

    python3 play_file.py filename [-b BUFFERSIZE] [-c CLIENTNAME] [-m]
"""

import argparse
import contextlib
import queue
import sys
import threading

import numpy  # noqa: F401  # get_array() needs it, and has no time to load it
import soundfile

import jack


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('filename')
    text = 'number of blocks to read ahead (default: %(default)s)'
    parser.add_argument('-b', '--buffersize', type=int, default=200, help=text)
    parser.add_argument('-c', '--clientname', default='play_file')
    text = 'start when somebody has connected the first output'
    parser.add_argument('-m', '--manual', action='store_true', help=text)
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        file = soundfile.SoundFile(args.filename)
        client = jack.Client(args.clientname)
    except (soundfile.SoundFileError, jack.JackOpenError) as e:
        sys.exit(str(e))
    speakers = client.get_ports(is_audio=True, is_physical=True, is_input=True)
    if not speakers and not args.manual:
        sys.exit('there is nothing to play to, try --manual')
    blocksize = client.blocksize
    starts = range(0, file.frames, blocksize)
    blocks = queue.Queue(args.buffersize)  # the last one is followed by None
    enough = min(args.buffersize, len(starts) + 1)
    outcome = queue.SimpleQueue()  # None, or what went wrong
    awaited, wait = [], 5  # cycles

    def read():
        for _ in starts:
            blocks.put(file.read(blocksize, 'float32', True, fill_value=0))
        blocks.put(None)

    @client.set_process_callback
    def process(frames):
        nonlocal wait
        # A connection takes effect with the start of a cycle.  Here, JACK
        # tells of those in effect, but PipeWire up to three cycles earlier.
        if wait and awaited and blocks.qsize() >= enough:
            wait -= all(port.number_of_connections for port in awaited)
        block = None
        if frames != blocksize:
            outcome.put('the block size of JACK has changed')
        elif not wait:
            try:
                block = blocks.get_nowait()
                if block is None:  # a cycle later, all have heard the last one
                    outcome.put(None)
            except queue.Empty:
                outcome.put('buffer underrun, try a larger --buffersize')
        for number, port in enumerate(client.outports):
            port.get_array()[:] = 0 if block is None else block[:, number]

    client.set_shutdown_callback(lambda status, reason: outcome.put(reason))
    threading.Thread(target=read, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt), client:
        # Only ports of an active client can be connected: who waits for these
        # to appear may connect them at once.
        for number in range(1, file.channels + 1):
            client.outports.register(f'out_{number}')
        awaited = client.outports[: 1 if args.manual else len(speakers)]
        if not args.manual:
            for port, speaker in zip(awaited, speakers):
                port.connect(speaker)
        sys.exit(outcome.get())
    return 0


if __name__ == '__main__':
    sys.exit(main())
