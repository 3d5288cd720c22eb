#!/usr/bin/env python3
"""Let the sound swell up and down, without Python in the process cycle.

Needs NumPy and Numba, which makes machine code of the callback: it is never
late because Python is busy.  The main program changes the gain all the time,
in memory which both of them see.  Run it, then connect its ports::

    python3 native_gain.py [-p SECONDS] [clientname]
"""

import argparse
import contextlib
import ctypes
import math
import sys
import threading

import numba
import numpy as np

import jack

# What the callback gets: its ports, and the gain now and in a moment.
WORK = np.dtype(
    [('input', 'u8'), ('output', 'u8'), ('gain', 'f4'), ('goal', 'f4')],
    align=True,
)

get_buffer = ctypes.CFUNCTYPE(
    ctypes.POINTER(ctypes.c_float), ctypes.c_size_t, ctypes.c_uint32
)(jack.function_address('jack_port_get_buffer'))


@numba.cfunc('i4(u4, voidptr)')
def process(frames, userdata):
    work = numba.carray(userdata, 1, WORK)[0]
    heard = numba.carray(get_buffer(work['input'], frames), frames)
    played = numba.carray(get_buffer(work['output'], frames), frames)
    gain = work['gain']
    # In small steps, as a jump would be heard as a click.
    step = (work['goal'] - gain) / frames
    for i in range(frames):
        gain += step
        played[i] = gain * heard[i]
    work['gain'] = gain
    return 0


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='native_gain')
    parser.add_argument(
        '-p',
        '--period',
        type=float,
        default=4,
        help='from one swell to the next (default: %(default)s s)',
    )
    args = parser.parse_args()
    if not args.period > 0:
        parser.error('the period must be more than 0')
    return args


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    work = np.zeros(1, WORK)
    work['input'] = client.inports.register('input').address
    work['output'] = client.outports.register('output').address
    # The array is kept alive as long as the callback may need it.
    client.set_process_callback(process, work)
    stop = threading.Event()
    client.set_shutdown_callback(lambda status, reason: stop.set())

    with contextlib.suppress(KeyboardInterrupt), client:
        print(f'{client.name} is running, Ctrl+C ends it', flush=True)
        angle = 0.0
        while not stop.wait(0.02):
            angle += 0.02 / args.period * 2 * math.pi
            work['goal'] = (1 - math.cos(angle)) / 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
