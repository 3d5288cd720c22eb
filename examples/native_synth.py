#!/usr/bin/env python3
"""Play the incoming MIDI notes with sine waves, without Python in the cycle.

Needs NumPy and Numba, which makes machine code of the callback.  Run it, then
connect its MIDI input and its audio output::

    python3 native_synth.py [clientname]
"""

import argparse
import contextlib
import ctypes
import sys
import threading

import numba
import numpy as np

import jack

FADE = 0.002  # change of the gain per sample, slow enough not to click
# What the callback gets; it begins with what jack_midi_event_get() fills in.
STATE = np.dtype(
    [('time', 'u4'), ('size', 'u8'), ('data', 'u8'), ('bytes', 'u1', 3)]
    + [('input', 'u8'), ('output', 'u8'), ('self', 'u8')]
    + [(name, 'f8', 128) for name in ('step', 'phase', 'gain', 'goal')],
    align=True,
)
BYTES = STATE.fields['bytes'][1]

at, function = jack.function_address, ctypes.CFUNCTYPE
u32, pointer = ctypes.c_uint32, ctypes.c_size_t
floats = ctypes.POINTER(ctypes.c_float)
get_audio = function(floats, pointer, u32)(at('jack_port_get_buffer'))
get_midi = function(pointer, pointer, u32)(at('jack_port_get_buffer'))
get_event = function(u32, pointer, pointer, u32)(at('jack_midi_event_get'))
copy = ctypes.CDLL(None).memcpy
copy.argtypes, copy.restype = [pointer] * 3, pointer


@numba.cfunc('i4(u4, voidptr)')
def process(frames, userdata):
    state = numba.carray(userdata, 1, STATE)[0]
    out = numba.carray(get_audio(state['output'], frames), frames)
    events = get_midi(state['input'], frames)
    gain, goal, phase = state['gain'], state['goal'], state['phase']
    index = 0
    for i in range(frames):
        # It fails when there are no more events.
        while not get_event(state['self'], events, index):
            if state['time'] > i:
                break
            index += 1
            copy(state['self'] + BYTES, state['data'], min(3, state['size']))
            status, note, velocity = state['bytes']
            if status >> 4 in (0x8, 0x9):  # note-off, note-on
                goal[note & 127] = (status >> 4 == 0x9) * 0.2 * velocity / 127
        out[i] = 0
        for n in range(128):
            if gain[n] > 0 or goal[n] > 0:
                gain[n] += min(max(goal[n] - gain[n], -FADE), FADE)
                phase[n] = (phase[n] + state['step'][n]) % (2 * np.pi)
                out[i] += gain[n] * np.sin(phase[n])
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='native_synth')
    try:
        client = jack.Client(parser.parse_args().clientname)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    state = np.zeros(1, STATE)
    state['self'] = state.ctypes.data
    state['input'] = client.midi_inports.register('input').address
    state['output'] = client.outports.register('output').address
    octaves = (np.arange(128) - 69) / 12
    state['step'] = 2 * np.pi * 440 * 2**octaves / client.samplerate
    client.set_process_callback(process, state)
    stop = threading.Event()
    client.set_shutdown_callback(lambda status, reason: stop.set())
    with contextlib.suppress(KeyboardInterrupt), client:
        print(f'{client.name} is running, Ctrl+C ends it', flush=True)
        stop.wait()
    return 0


if __name__ == '__main__':
    sys.exit(main())
