"""Run each example and write down what it prints, for the examples page.

    python3 doc/printed.py [EXAMPLE ...]

Writes ``doc/printed/*.txt``, which are part of the repository: run this again
when an example prints something else.  Needs JACK 2 with its tools, NumPy,
Numba, soundfile and mido.
"""

import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

DOC = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(DOC.parent / 'tests'))

import servers  # noqa: E402 (it is in the folder of the tests)

EXAMPLES = DOC.parent / 'examples'
PRINTED = DOC / 'printed'
PATIENCE = 20

KEYBOARD = 'jack_midiseq keyboard 48000 0 60 20000 24000 64 20000'

# Arguments, what to do elsewhere, and a line to wait for before Ctrl+C (none:
# it ends by itself).
SCENES = {
    'thru_client.py': ('', ['jack_lsp -c thru_client'], 'is running'),
    'play_file.py': ('voice.wav', [], None),
    'record_file.py': ('-d 2 take.wav', [], None),
    'native_gain.py': ('', ['jack_lsp -c native_gain'], 'is running'),
    'latency.py': ('-d 480', ['jack_lsp -l latency'], 'is running'),
    'midi_monitor.py': (
        '',
        [KEYBOARD + ' &', 'jack_connect keyboard:out midi_monitor:input'],
        '0x90[^$]*0x80[^$]*0x80',
    ),
    'midi_chords.py': ('', ['jack_lsp -c midi_chords'], 'is running'),
    'midi_file_player.py': (
        'tune.mid',
        [
            'jack_midi_dump &',
            'jack_connect midi_file_player:output midi-monitor:input',
        ],
        None,
    ),
    'midi_sine.py': ('', ['jack_lsp -c midi_sine'], 'is running'),
    'midi_sine_numpy.py': ('', ['jack_lsp -c midi_sine_numpy'], 'is running'),
    'native_synth.py': ('', ['jack_lsp -c native_synth'], 'is running'),
    'transporter.py': ('show', [], None),
    'showtime.py': ('-n 3 -i 0.5', [], None),
    'timebase_master.py': (
        '--bpm 90 --meter 3/4',
        [
            'python3 transporter.py 4 play',
            'python3 showtime.py -n 3 -i 0.7',
            'python3 transporter.py stop 0',
        ],
        'is timebase master',
    ),
    'slow_sync.py': (
        '-d 0.5',
        ['python3 transporter.py 3 play', 'python3 transporter.py show'],
        '\nready for frame 144000',
    ),
    'net_master.py': ('127.0.0.1', [], 'Ctrl.C ends it'),
    'chatty_client.py': ('', [KEYBOARD + ' &'], 'keyboard:out'),
    'aliases.py': ('', [], None),
    'metadata.py': ('', [], 'order created'),
}

# What is done before.
BEFORE = {
    'transporter.py': 'python3 transporter.py stop 90 play',
    'showtime.py': 'python3 transporter.py 10 play',
    'aliases.py': 'python3 aliases.py system:playback_1 speakers:left',
}


class Session:
    """Commands that are run, and all that is seen of them."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.env = servers.python_env(server.env)
        self.running = []

    def start(self, command):
        words = [
            str(EXAMPLES / word) if word in SCENES else word
            for word in command.removesuffix(' &').split()
        ]
        if words[0] == 'python3':
            words[:1] = [sys.executable, '-u']
        process = subprocess.Popen(
            words,
            env=self.env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        return process

    def wait_for_ports(self, name):
        servers.wait_until(
            lambda: name in self.server.run(['jack_lsp']).stdout.split(),
            PATIENCE,
            name,
        )

    def elsewhere(self, command):
        """Run another command, and return what is to be seen of it."""
        words = command.split()
        if words[0] == 'jack_connect':
            for name in words[1:]:
                self.wait_for_ports(name)
        process = self.start(command)
        if words[-1] == '&':
            return f'# elsewhere: {command}\n'
        text, _ = process.communicate(timeout=PATIENCE)
        self.running.remove(process)
        text = ''.join(f'#   {line}\n' for line in text.splitlines())
        return f'# elsewhere: {command}\n{text}'

    def play(self, name):
        """Run one example and return what its page shows."""
        arguments, others, awaited = SCENES[name]
        command = f'python3 {name} {arguments}'.strip()
        text = ''
        if name in BEFORE:
            self.elsewhere(BEFORE[name])
            text = f'$ {BEFORE[name]}\n'
        text += f'$ {command}\n'
        process = self.start(command)
        lines = []
        reader = threading.Thread(target=self.read, args=(process, lines))
        reader.start()
        shown = 0
        if others and awaited:
            servers.wait_until(
                lambda: 'Ctrl+C ends it' in ''.join(lines), PATIENCE, command
            )
        for other in others:
            here = lines[shown:]
            shown += len(here)
            text += ''.join(here) + self.elsewhere(other)
        if awaited:
            servers.wait_until(
                lambda: re.search(awaited, ''.join(lines)),
                PATIENCE,
                f'{awaited} in {lines}',
            )
            process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
        reader.join()
        return text + ''.join(lines[shown:]).replace('\r', '\n')

    @staticmethod
    def read(process, lines):
        for line in process.stdout:
            lines.append(line)

    def end(self):
        for process in self.running:
            if process.poll() is None:
                process.terminate()
            process.wait(PATIENCE)
            process.stdout.close()


def make_files(folder):
    """Make a second of sound and a tune."""
    import mido
    import numpy as np
    import soundfile

    tone = np.sin(np.arange(48000) * 2 * np.pi * 440 / 48000)
    soundfile.write(folder / 'voice.wav', 0.2 * tone, 48000)
    file = mido.MidiFile(ticks_per_beat=480)
    notes = [
        mido.Message(kind, note=note, time=time)
        for note in (60, 64, 67)
        for kind, time in (('note_on', 0), ('note_off', 240))
    ]
    file.tracks.append(mido.MidiTrack(notes))
    file.save(folder / 'tune.mid')


def main(names):
    PRINTED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_files(folder)
        for name in names or SCENES:
            with servers.Jack2(blocksize=1024) as server:
                session = Session(server, folder)
                try:
                    text = session.play(name)
                finally:
                    session.end()
            PRINTED.joinpath(f'{name[:-3]}.txt').write_text(text)


if __name__ == '__main__':
    main(sys.argv[1:])
