#!/usr/bin/env python3
"""Tell bars, beats and ticks to all programs that follow the transport.

Needs nothing but the jack module.  Run it, then start the transport::

    python3 timebase_master.py [-b BPM] [-m BEATS/TYPE] [-c]
"""

import argparse
import contextlib
import sys
import threading

import jack

TICKS_PER_BEAT = 1920


def meter(text):
    """Accept two numbers, such as 3/4."""
    beats_per_bar, beat_type = map(int, text.split('/'))
    if beats_per_bar < 1 or beat_type < 1:
        raise ValueError
    return beats_per_bar, beat_type


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='timebase_master')
    parser.add_argument('-b', '--bpm', type=float, default=120)
    parser.add_argument('-m', '--meter', type=meter, default='4/4')
    text = 'do nothing when there is a timebase master already'
    parser.add_argument('-c', '--conditional', action='store_true', help=text)
    return parser.parse_args()


def main():
    args = parse_args()
    beats_per_bar, beat_type = args.meter
    try:
        client = jack.Client(args.clientname)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    samplerate = client.samplerate
    stop = threading.Event()
    client.set_shutdown_callback(lambda status, reason: stop.set())

    def timebase(state, blocksize, pos, new_pos):
        # Runs in each cycle while the transport rolls, and once after it was
        # moved.  From pos.frame, which is not to be changed, all the rest is
        # computed anew, so that no error adds up.  (Whoever moves it need not
        # fill in pos.frame_rate.)
        beats = pos.frame * args.bpm / (60 * samplerate)
        beat, fraction = int(beats), beats % 1
        pos.bar = beat // beats_per_bar + 1  # people count from one
        pos.beat = beat % beats_per_bar + 1
        pos.tick = int(fraction * TICKS_PER_BEAT)
        pos.bar_start_tick = (beat - beat % beats_per_bar) * TICKS_PER_BEAT
        pos.beats_per_bar = beats_per_bar
        pos.beat_type = beat_type
        pos.beats_per_minute = args.bpm
        pos.ticks_per_beat = TICKS_PER_BEAT
        # Others only look at the fields that are announced here.
        pos.valid = jack.POSITION_BBT

    with contextlib.suppress(KeyboardInterrupt), client:
        # There can be one timebase master, and the last one wins, unless it
        # asks for the place only if that is free.
        if not client.set_timebase_callback(timebase, args.conditional):
            sys.exit('there is a timebase master already')
        print(f'{client.name} is timebase master, Ctrl+C ends it', flush=True)
        stop.wait()
    return 0


if __name__ == '__main__':
    sys.exit(main())
