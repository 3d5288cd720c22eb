#!/usr/bin/env python3
"""Record what some ports put out to a sound file, sample for sample.

Needs NumPy and soundfile.  Records from the given ports, or else from the
physical ones, for some time or until Ctrl+C::

    python3 record_file.py filename.wav [-d SECONDS] [-c CLIENTNAME] [port ...]
"""

import argparse
import contextlib
import sys
import threading

import numpy as np
import soundfile as sf

import jack


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('filename')
    parser.add_argument('ports', nargs='*')
    parser.add_argument('-d', '--duration', type=float, default=float('inf'))
    parser.add_argument('-c', '--clientname', default='record_file')
    return parser.parse_intermixed_args()


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname)
        ports = [client.get_port_by_name(name) for name in args.ports]
        ports = ports or client.get_ports(
            is_audio=True, is_physical=True, is_output=True
        )
        rate = client.samplerate
        file = sf.SoundFile(args.filename, 'w', rate, len(ports), 'FLOAT')
    except (jack.JackError, sf.SoundFileError, TypeError) as e:
        sys.exit(str(e))
    for number in range(1, len(ports) + 1):
        client.inports.register(f'input_{number}')
    # It holds two seconds; neither of its ends ever waits for the other one.
    ring = jack.RingBuffer(2 * rate * len(ports) * 4)
    missing = args.duration * rate  # frames
    recording, overrun, block = False, False, None
    stop = threading.Event()

    @client.set_blocksize_callback
    def allocate(blocksize):
        nonlocal block
        block = np.empty((blocksize, len(ports)), 'float32')

    @client.set_process_callback
    def process(frames):
        nonlocal recording, overrun, missing
        # All channels start in the first cycle in which all are connected.
        recording = recording or all(
            port.number_of_connections for port in client.inports
        )
        if not recording or stop.is_set():
            return
        for number, port in enumerate(client.inports):
            block[:, number] = port.get_array()
        data = block[: int(min(missing, frames))]
        overrun = ring.write_space < data.nbytes
        if not overrun:
            missing -= len(data)
            ring.write(data)
        if overrun or missing < 1:
            stop.set()

    client.set_shutdown_callback(lambda status, reason: stop.set())
    allocate(client.blocksize)
    with file:
        with contextlib.suppress(KeyboardInterrupt), client:
            for port, inport in zip(ports, client.inports):
                client.connect(port, inport)
            print(f'recording {args.filename}, Ctrl+C ends it', flush=True)
            while not stop.wait(0.1):
                file.buffer_write(ring.read(ring.read_space), 'float32')
        file.buffer_write(ring.read(ring.read_space), 'float32')
    if overrun:
        sys.exit('samples were lost: the disk is too slow')
    return 0


if __name__ == '__main__':
    sys.exit(main())
