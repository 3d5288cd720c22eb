#!/usr/bin/env python3
"""Show the transport's state and position, again and again.

Needs nothing but the jack module.  Run it, then start the transport::

    python3 showtime.py [-n UPDATES] [-i SECONDS] [clientname]
"""

import argparse
import contextlib
import itertools
import sys
import threading

import jack


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='showtime')
    text = 'stop after so many updates'
    parser.add_argument('-n', '--updates', type=int, help=text)
    text = 'time between two updates (default: %(default)s)'
    parser.add_argument('-i', '--interval', type=float, default=0.1, help=text)
    return parser.parse_args()


def describe(state, position, samplerate):
    """Give one line of text with whatever there is to know."""
    seconds = position['frame'] / samplerate
    text = f'{state} frame {position["frame"]} ({seconds:.2f} s)'
    # Musical time is there only while a timebase master supplies it.
    if 'bar' in position:
        text += ', bar {bar} beat {beat} tick {tick:4}'.format(**position)
        text += ', {beats_per_bar:g}/{beat_type:g}'.format(**position)
        text += ' at {beats_per_minute:g} BPM'.format(**position)
    if 'frame_time' in position:
        text += ', {frame_time:.3f} to {next_time:.3f} s'.format(**position)
    return text


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    stop = threading.Event()
    client.set_shutdown_callback(lambda status, reason: stop.set())
    # A terminal shows all updates in the same line.
    end = '   \r' if sys.stdout.isatty() else '\n'

    with contextlib.suppress(KeyboardInterrupt), client:
        for number in itertools.count(1):
            # The state and the position belong to the same cycle.
            state, position = client.transport_query()
            text = describe(state, position, client.samplerate)
            print(text, end=end, flush=True)
            if number == args.updates or stop.wait(args.interval):
                break
    return 0


if __name__ == '__main__':
    sys.exit(main())
