#!/usr/bin/env python3
"""Print the MIDI events that arrive, each with its time and its bytes.

Needs nothing but the jack module.  Run it, then connect something to its
input, for instance with jack_connect::

    python3 midi_monitor.py [clientname]

Times are in frames, counted since the server was started.
"""

import argparse
import contextlib
import queue
import sys

import jack


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='midi_monitor')
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    port = client.midi_inports.register('input')
    # If the process callback printed, all of JACK would wait for the terminal.
    # So it only passes events on to the main thread; None is the last one.
    events = queue.SimpleQueue()

    @client.set_process_callback
    def process(frames):
        for offset, data in port.incoming_midi_events():
            # The offset counts from the start of the block.  The data
            # may not outlive this turn of the loop: pass on a copy.
            events.put((client.last_frame_time + offset, bytes(data)))

    @client.set_shutdown_callback
    def shutdown(status, reason):
        events.put(None)

    with contextlib.suppress(KeyboardInterrupt), client:
        print(
            f'listening on {port.name}, Ctrl+C ends it',
            file=sys.stderr,
            flush=True,  # Which PyPy does only for a terminal.
        )
        for frame_time, data in iter(events.get, None):
            print(f'{frame_time}: 0x{data.hex()}', flush=True)
        print('the JACK server has shut down', file=sys.stderr)
    return 0


if __name__ == '__main__':
    sys.exit(main())
