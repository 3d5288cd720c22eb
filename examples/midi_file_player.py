#!/usr/bin/env python3
"""Play a MIDI file.

Needs mido.  It plays to the given ports; without any, it starts as soon as
its output is connected::

    python3 midi_file_player.py filename.mid [-c CLIENTNAME] [port ...]
"""

import argparse
import collections
import sys
import threading

import mido

import jack


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('filename')
    parser.add_argument('ports', nargs='*')
    parser.add_argument('-c', '--clientname', default='midi_file_player')
    return parser.parse_intermixed_args()


def load(filename, samplerate):
    """Give each event of the file as a frame number and its bytes."""
    seconds = 0
    for message in mido.MidiFile(filename):
        seconds += message.time
        # Tempo, titles and the like are of no use to a synthesizer.
        if not message.is_meta:
            yield round(seconds * samplerate), bytes(message.bytes())


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname)
        ports = [client.get_port_by_name(name) for name in args.ports]
        outport = client.midi_outports.register('output')
        events = collections.deque(load(args.filename, client.samplerate))
    except jack.JackError as e:
        sys.exit(str(e))
    except (OSError, EOFError, ValueError) as e:
        sys.exit(f'cannot read {args.filename}: {e!r}')
    ended = threading.Event()
    wait = 5  # PipeWire tells of a connection some cycles before it works
    position = 0  # of the current cycle, in frames

    @client.set_process_callback
    def process(frames):
        nonlocal wait, position
        outport.clear_buffer()
        if wait:
            wait -= outport.number_of_connections > 0
            return
        todo = events
        if not todo:  # the last one went out in an earlier cycle
            ended.set()
        while todo and todo[0][0] < position + frames:
            frame, data = todo[0]
            if len(data) >= outport.max_event_size:
                break  # no room in this cycle, but perhaps in the next one
            todo.popleft()
            outport.write_midi_event(max(frame - position, 0), data)
        position += frames

    client.set_shutdown_callback(lambda status, reason: ended.set())
    with client:
        try:
            for port in ports:
                outport.connect(port)
            print(f'playing to what {outport.name} feeds', flush=True)
            ended.wait()
        except jack.JackError as e:
            sys.exit(str(e))
        except KeyboardInterrupt:
            # All sound off: notes that sound right now would never stop.
            silence = [(0, (0xB0 | n, 120, 0)) for n in range(16)]
            events = collections.deque(silence)
            ended.wait(0 if wait else 1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
