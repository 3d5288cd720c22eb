#!/usr/bin/env python3
"""Turn each incoming MIDI note into a major chord.

Needs nothing but the jack module.  Run it, then connect a keyboard to its
input and a synthesizer to its output, for instance with jack_connect::

    python3 midi_chords.py [clientname]
"""

import argparse
import contextlib
import sys
import threading

import jack

NOTE_OFF = 0x8
NOTE_ON = 0x9
THIRD = 4  # semitones
FIFTH = 7


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='midi_chords')
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    inport = client.midi_inports.register('input')
    outport = client.midi_outports.register('output')
    stop = threading.Event()

    @client.set_process_callback
    def process(frames):
        # An output still holds what was written in an earlier cycle.
        outport.clear_buffer()
        for offset, data in inport.incoming_midi_events():
            # Events have to be written in the order of their offsets, and
            # that is the order in which they come in.
            outport.write_midi_event(offset, data)
            # JACK knows no running status: the first byte always tells.
            if data[0][0] >> 4 in (NOTE_OFF, NOTE_ON):
                status, root, velocity = bytes(data)
                for note in (root + THIRD, root + FIFTH):
                    if note <= 127:
                        event = (status, note, velocity)
                        outport.write_midi_event(offset, event)

    @client.set_shutdown_callback
    def shutdown(status, reason):
        stop.set()

    with contextlib.suppress(KeyboardInterrupt), client:
        print(f'{client.name} is running, Ctrl+C ends it', flush=True)
        stop.wait()
        print('the JACK server has shut down', file=sys.stderr)
    return 0


if __name__ == '__main__':
    sys.exit(main())
