"""Print the graph of a small studio, for Graphviz.

The documentation's picture of a patch is made by this program and a server
without sound card::

    python3 tools/with_server.py python3 doc/pictures/patch.py
"""

import contextlib
import subprocess
import sys

import jack

with contextlib.ExitStack() as stack:
    keyboard, synth, echo, recorder = (
        jack.Client(name)
        for name in ('keyboard', 'synth', 'echo', 'recorder')
    )
    keys = keyboard.midi_outports.register('keys')
    notes = synth.midi_inports.register('notes')
    for number in 1, 2:
        synth.outports.register(f'out_{number}')
        echo.inports.register(f'in_{number}')
        echo.outports.register(f'out_{number}')
        recorder.inports.register(f'tape_{number}')
    for client in keyboard, synth, echo, recorder:
        stack.enter_context(client)
    keys.connect(notes)
    speakers = echo.get_ports(is_physical=True, is_input=True)
    for number in 0, 1:
        synth.outports[number].connect(echo.inports[number])
        echo.outports[number].connect(speakers[number])
        echo.outports[number].connect(recorder.inports[number])
    subprocess.run([sys.executable, '-m', 'jack', '--dot'], check=True)
