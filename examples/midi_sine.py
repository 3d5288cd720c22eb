#!/usr/bin/env python3
"""Play the incoming MIDI notes with sine waves, several at once.

Needs nothing but the jack module.  Without NumPy, there is time for a handful
of notes.  Run it, then connect a keyboard to its input and a loudspeaker to
its output::

    python3 midi_sine.py [clientname]
"""

import argparse
import contextlib
import math
import sys
import threading

import jack

FADE = 0.002  # change of the gain per sample, slow enough not to click


class Voice:
    """A sine wave with the pitch of one note, silent at first."""

    def __init__(self, note, samplerate):
        frequency = 440 * 2 ** ((note - 69) / 12)
        self.step = 2 * math.pi * frequency / samplerate
        self.phase = self.gain = self.goal = 0.0

    def add_to(self, samples):
        gain, phase = self.gain, self.phase
        for i in range(len(samples)):
            gain += min(max(self.goal - gain, -FADE), FADE)
            samples[i] += gain * math.sin(phase)
            phase += self.step
        self.gain, self.phase = gain, phase % (2 * math.pi)


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='midi_sine')
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    inport = client.midi_inports.register('input')
    outport = client.outports.register('output')
    # One for each note, so that the process callback never has to make one.
    voices = [Voice(note, client.samplerate) for note in range(128)]
    stop = threading.Event()

    def render(samples):
        for voice in voices:
            if voice.gain or voice.goal:
                voice.add_to(samples)

    @client.set_process_callback
    def process(frames):
        buffer = outport.get_buffer()
        # There still are the samples of some earlier cycle in it.
        buffer[:] = bytes(len(buffer))
        samples = memoryview(buffer).cast('f')
        start = 0
        for offset, data in inport.incoming_midi_events():
            render(samples[start:offset])
            start = offset
            status = data[0][0] >> 4
            if status in (0x8, 0x9):  # note-off, note-on
                _, note, velocity = bytes(data)
                voices[note].goal = (status == 0x9) * 0.2 * velocity / 127
        render(samples[start:])

    client.set_shutdown_callback(lambda status, reason: stop.set())

    with contextlib.suppress(KeyboardInterrupt), client:
        print(f'{client.name} is running, Ctrl+C ends it', flush=True)
        stop.wait()
    return 0


if __name__ == '__main__':
    sys.exit(main())
