#!/usr/bin/env python3
"""Play the incoming MIDI notes with sine waves computed by NumPy.

Needs NumPy.  Run it, then connect its MIDI input and its audio output::

    python3 midi_sine_numpy.py [clientname]
"""

import argparse
import contextlib
import sys
import threading

import numpy as np

import jack

FADE = 0.002  # change of the gain per sample, slow enough not to click
FREQUENCIES = 440 * 2 ** ((np.arange(128) - 69) / 12)


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='midi_sine_numpy')
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    inport = client.midi_inports.register('input')
    outport = client.outports.register('output')
    steps = 2 * np.pi * FREQUENCIES / client.samplerate
    phases, gains, goals = np.zeros((3, 128))
    ramp = fades = work = None
    stop = threading.Event()

    @client.set_blocksize_callback
    def allocate(blocksize):
        # No process callback runs meanwhile: the place to get memory for it.
        nonlocal ramp, fades, work
        ramp, work = np.arange(1.0, blocksize + 1), np.empty((2, blocksize))
        fades = FADE * ramp

    def add_note(note, out):
        wave, gain = work[:, : len(out)]
        np.multiply(ramp[: len(out)], steps[note], out=wave)
        wave += phases[note]
        phases[note] = wave[-1] % (2 * np.pi)
        np.sin(wave, out=wave)
        missing = goals[note] - gains[note]
        np.minimum(fades[: len(out)], abs(missing), out=gain)
        gain *= np.sign(missing)
        gain += gains[note]
        gains[note] = gain[-1]
        wave *= gain
        out += wave

    def render(out):
        if len(out):
            for note in np.flatnonzero((gains > 0) | (goals > 0)):
                add_note(note, out)

    @client.set_process_callback
    def process(frames):
        out = outport.get_array()  # it still holds some earlier cycle
        out.fill(0)
        start = 0
        for offset, data in inport.incoming_midi_events():
            render(out[start:offset])
            start = offset
            status = data[0][0] >> 4
            if status in (0x8, 0x9):  # note-off, note-on
                _, note, velocity = bytes(data)
                goals[note] = (status == 0x9) * 0.2 * velocity / 127
        render(out[start:])

    client.set_shutdown_callback(lambda status, reason: stop.set())
    allocate(client.blocksize)
    with contextlib.suppress(KeyboardInterrupt), client:
        print(f'{client.name} is running, Ctrl+C ends it', flush=True)
        stop.wait()
    return 0


if __name__ == '__main__':
    sys.exit(main())
