#!/usr/bin/env python3
"""Control the transport: start it, stop it, move it, show it.

Needs nothing but the jack module.  Run it with one or more commands::

    python3 transporter.py play             start
    python3 transporter.py stop 0 play      play from the beginning
    python3 transporter.py +10 show         go forward by ten seconds
    python3 transporter.py -- -10           and back again
"""

import argparse
import sys
import threading

import jack


def command(text):
    """Accept one word of the command line."""
    if text not in ('play', 'stop', 'show'):
        float(text)
    return text


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    text = 'play, stop, show or a time in seconds, with a sign if relative'
    parser.add_argument('commands', nargs='+', type=command, help=text)
    return parser.parse_args()


def move(client, text):
    """Go to the time which *text* tells."""
    try:
        frame = round(float(text) * client.samplerate)
        if text[0] in '+-':
            frame += client.transport_frame
        # A request only: clients which follow the transport may need time to
        # get ready there, and until then a rolling one is STARTING.
        client.transport_frame = max(frame, 0)
    except (ValueError, OverflowError) as e:
        sys.exit(f'cannot go to {text}: {e}')


def main():
    args = parse_args()
    try:
        client = jack.Client('transporter')
    except jack.JackOpenError as e:
        sys.exit(str(e))
    # Any client may control the transport; with PipeWire it has to be active.
    # There is one for all, which goes on when the client that started it ends.
    cycle_began = threading.Event()
    client.set_process_callback(lambda frames: cycle_began.set())
    with client:
        for text in args.commands:
            if text == 'play':
                client.transport_start()
            elif text == 'stop':
                client.transport_stop()
            elif text == 'show':
                state, position = client.transport_query()
                print(state, f'{position["frame"] / client.samplerate:.3f} s')
            else:
                move(client, text)
            # A request is granted when a cycle begins, or the next but one;
            # the next command is to find it done.
            for _ in range(3):
                cycle_began.clear()
                cycle_began.wait(1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
