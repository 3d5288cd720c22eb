"""Compare the module with its peer, an existing binding, and a client in C.

    make bench                  everything; takes about 12 minutes
    make bench ARGS=--quick     less of it, in less than 2 minutes

All of them do the same work in turn, several times over, with servers of
their own.  The results are written to results.md and results.svg.

The peer is PyPI's JACK-Client, installed in an environment of its own and
known from the outside only.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'tests'))

import plot  # noqa: E402
import servers  # noqa: E402

PEER, OURS, NATIVE, C = 'peer', 'ours', 'ours, native', 'C'
# Both of these parse their declarations when they are imported.
OLD, ALONE = 'JACK-Client 0.4.2', 'ours, jack.py alone'
ALL = [PEER, OURS, NATIVE, C]
NOT_NATIVE = [PEER, OURS, C]

# What is done, the job of worker.py, its size, who does it.
COSTS = [
    ('empty process callback', 'empty', 0, ALL),
    ('16 in, 16 out: `get_array()`', 'array', 16, ALL),
    ('16 in, 16 out: `get_buffer()`', 'buffer', 16, ALL),
    ('MIDI: 64 events written, 64 read, 64 passed on', 'midi', 64, ALL),
    ('the same, written as tuples of int', 'midi_ints', 64, ALL),
    ('`RingBuffer`: 64 bytes written and read', 'ringbuffer', 64, NOT_NATIVE),
    ('`get_ports()` of 400 ports', 'ports', 400, NOT_NATIVE),
    ('`transport_query()`', 'query', 0, NOT_NATIVE),
    ('`transport_query_struct()`', 'query_struct', 0, NOT_NATIVE),
]

# The same with growing sizes: title, label, job, who.
GROWTH = [
    ('Ports', 'ports in, and as many out, with get_array()', 'array', ALL),
    ('MIDI', 'events written, read and passed on', 'midi', ALL),
    ('Frames', 'frames in a cycle of 16 in, 16 out', 'frames', ALL),
    ('Listing', 'ports listed by get_ports()', 'ports', NOT_NATIVE),
]
SIZES = {
    'array': [1, 2, 4, 8, 16, 32, 64],
    'midi': [1, 8, 64, 512],
    'frames': [16, 64, 256, 1024, 4096],
    'ports': [10, 100, 400, 1000, 2000],
}

# What the main thread does, and what is tried against its being in the way.
TUNING = [
    ('nothing', ['--main', 'rest']),
    ('computes', ['--main', 'compute']),
    (
        'computes; `sys.setswitchinterval(1e-3)`',
        ['--main', 'compute', '--switch-interval', '1e-3'],
    ),
    (
        'computes; `sys.setswitchinterval(1e-4)`',
        ['--main', 'compute', '--switch-interval', '1e-4'],
    ),
    (
        'computes; `sys.setswitchinterval(1e-5)`',
        ['--main', 'compute', '--switch-interval', '1e-5'],
    ),
    (
        'makes garbage beside 1,000,000 objects, interval 1e-4',
        ['--main', 'litter', '--ballast', '1000000']
        + ['--switch-interval', '1e-4'],
    ),
    (
        'the same; `gc.freeze()` before',
        ['--main', 'litter', '--ballast', '1000000', '--freeze']
        + ['--switch-interval', '1e-4'],
    ),
]
TUNING_FRAMES = [64, 128, 256, 1024]


class BenchmarkError(Exception):
    """Something did not work; the text says what."""


class Bench:
    """Who takes part, and how to have them work."""

    def __init__(self, args, folder):
        self.args = args
        self.commands = {
            PEER: [args.peer, HERE / 'worker.py'],
            OURS: [args.ours, HERE / 'worker.py'],
        }
        self.library = None
        #: How often the peer had to be killed.
        self.hangs = 0
        if shutil.which('gcc') and self._compile(folder):
            self.commands[NATIVE] = self.commands[OURS]
            self.commands[C] = [folder / 'worker']

    def _compile(self, folder):
        """Build the client in C, as a program and as a library."""
        self.library = folder / 'worker.so'
        for output, options in (
            (folder / 'worker', []),
            (self.library, ['-shared', '-fPIC']),
        ):
            command = ['gcc', '-O2', '-o', output, *options]
            command += [HERE / 'worker.c', '-ljack']
            result = subprocess.run(command, stderr=subprocess.PIPE, text=True)
            if result.returncode:
                print(f'No client in C:\n{result.stderr}', file=sys.stderr)
                return False
        return True

    def run(self, who, server, job, size, *options, seconds=None):
        """Have the work done once; return what was measured."""
        seconds = seconds or self.args.seconds
        command = [*self.commands[who], job, size, seconds, *options]
        if who == NATIVE:
            command += ['--native', self.library]
        while True:
            try:
                result = subprocess.run(
                    [str(part) for part in command],
                    env=server.env,
                    capture_output=True,
                    text=True,
                    timeout=20 + 5 * seconds,
                )
                break
            except subprocess.TimeoutExpired:
                # With a busy interpreter, it may not come out of deactivate().
                if who != PEER or self.hangs == 3:
                    raise
                self.hangs += 1
        # No more of the error than its name: a traceback shows source code.
        if result.returncode:
            reason = result.stderr.strip().splitlines()[-1:]
            raise BenchmarkError(f'{who}, {job} {size}: {reason}')
        return json.loads(result.stdout.splitlines()[-1])

    def alternate(self, rounds, everyone, work):
        """Let each of them do the work in turn; return their results."""
        results = {who: [] for who in everyone if who in self.commands}
        for _ in range(rounds):
            for who, values in results.items():
                values.append(work(who))
        return results

    @contextlib.contextmanager
    def ports(self, server, number):
        """Have so many ports on the server."""
        physical = 4
        command = [self.args.ours, HERE / 'worker.py', 'hold']
        with subprocess.Popen(
            [*command, str(number - physical), '0'],
            env=server.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as holder:
            if not holder.stdout.readline():
                raise BenchmarkError(f'no {number} ports')
            yield
            # Its standard input ends here, and so does it.

    def cost(self, server, job, size, everyone, rounds):
        with contextlib.ExitStack() as stack:
            if job == 'ports':
                stack.enter_context(self.ports(server, size))
            return self.alternate(
                rounds,
                everyone,
                lambda who: self.run(who, server, job, size)['usecs'],
            )


@contextlib.contextmanager
def one_cpu():
    """Keep the server and the clients on one CPU.

    On two of them, a cycle costs 4 us or 19 us: depending on the distance
    that the scheduler puts between the server and the client.
    """
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cpus)})
    yield
    os.sched_setaffinity(0, cpus)


def measure_costs(bench):
    table = {}
    with one_cpu(), servers.Jack2(blocksize=64) as server:
        for label, job, size, everyone in COSTS:
            table[label] = bench.cost(
                server, job, size, everyone, bench.args.rounds
            )
            show(label, table[label])
    return table


def measure_growth(bench):
    panels = []
    with one_cpu(), contextlib.ExitStack() as stack:
        usual = stack.enter_context(servers.Jack2(blocksize=64))
        for title, xlabel, job, everyone in GROWTH:
            lines = {}
            sizes = SIZES[job]
            for size in (
                sizes[:: len(sizes) - 1] if bench.args.quick else sizes
            ):
                if job == 'frames':
                    with servers.Jack2(blocksize=size) as server:
                        result = bench.cost(
                            server, 'array', 16, everyone, bench.args.repeats
                        )
                else:
                    result = bench.cost(
                        usual, job, size, everyone, bench.args.repeats
                    )
                show(f'{title}: {size} {xlabel}', result)
                for who, values in result.items():
                    lines.setdefault(who, []).append((size, values))
            panels.append((title, xlabel, lines))
    return panels


def measure_imports(bench, folder):
    """The CPU time of ``import jack``, less that of a bare interpreter."""
    alone = folder / 'alone'
    alone.mkdir()
    shutil.copy(HERE.parent / 'jack.py', alone)
    kinds = {
        PEER: (bench.args.peer, {}),
        OURS: (bench.args.ours, {}),
        OLD: (bench.args.old, {}),
        # Where its first import, which does not count, has to parse.
        ALONE: (bench.args.old, {'PYTHONPATH': str(alone)}),
    }

    def cpu_time(python, env, code):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Not in this folder's parent, which has a jack.py as well.
        subprocess.run(
            [python, '-c', code],
            # As usual, what was compiled once is kept.
            env={**os.environ, **env, 'PYTHONDONTWRITEBYTECODE': ''},
            cwd=folder,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return 1e3 * (
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        )

    results = {who: [] for who in kinds}
    with one_cpu():
        for number in range(3 * bench.args.rounds + 1):
            for who, kind in kinds.items():
                cost = cpu_time(*kind, 'import jack') - cpu_time(*kind, '')
                # The first one writes compiled files.
                if number:
                    results[who].append(cost)
    show('import (ms)', results)
    return results


def measure_punctuality(bench):
    """Cycles run and xruns while the interpreter is busy, and while not."""
    rows = []
    for frames in 64, 32:
        with servers.Jack2(blocksize=frames, realtime=True) as server:
            for main, label in ('rest', 'idle'), ('compute', 'busy'):
                results = bench.alternate(
                    bench.args.repeats,
                    [PEER, OURS, NATIVE],
                    lambda who, server=server, main=main: bench.run(
                        who,
                        server,
                        'in_time',
                        0,
                        '--main',
                        main,
                        seconds=bench.args.long,
                    ),
                )
                for who, values in results.items():
                    rows.append((frames, label, who, values))
                    print(f'{frames} frames, {label}, {who}: {values}')
    return rows


def measure_tuning(bench):
    """What helps a Python callback to be in time."""
    rows = {label: [] for label, _ in TUNING}
    touching = {False: [], True: []}
    for frames in TUNING_FRAMES:
        with servers.Jack2(blocksize=frames, realtime=True) as server:

            def run(*arguments, server=server, seconds):
                return bench.run(OURS, server, *arguments, seconds=seconds)

            cells = {label: [] for label in rows}
            first = {touch: [] for touch in touching}
            # In turn, as everywhere.
            for _ in range(bench.args.repeats - 1):
                for label, options in TUNING:
                    cells[label].append(
                        run('in_time', 2, *options, seconds=bench.args.long)
                    )
                for touch, values in first.items():
                    values.append(
                        run(
                            'first_cycles',
                            2,
                            *['--touch'] * touch,
                            seconds=0.5,
                        )
                    )
            for label, values in cells.items():
                rows[label].append(values)
                print(f'{frames} frames, {label}: {values}', flush=True)
            for touch, values in first.items():
                touching[touch].append(values)
                print(f'{frames} frames, touch {touch}: {values}', flush=True)
    return rows, touching


# -- The report ---------------------------------------------------------------


def spread(values, digits=2):
    """The median, and the smallest and largest value."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f'{middle:,.{digits}f} [{low:,.{digits}f} to {high:,.{digits}f}]'


def ratios(values, others):
    return [a / b for a, b in zip(values, others)]


def show(label, results):
    text = ', '.join(f'{who} {spread(v)}' for who, v in results.items())
    print(f'{label}: {text}', flush=True)


def markdown_table(head, rows):
    return '\n'.join(
        f'| {" | ".join(row)} |'
        for row in [head, ['---'] + ['---:'] * (len(head) - 1), *rows]
    )


def costs_table(costs):
    rows = []
    for label, results in costs.items():
        row = [label]
        for who in ALL:
            row.append(spread(results[who]) if who in results else '')
        row.append(spread(ratios(results[OURS], results[PEER])))
        row.append(
            spread(ratios(results[NATIVE], results[C]))
            if NATIVE in results
            else ''
        )
        rows.append(row)
    return markdown_table(
        ['CPU time in microseconds', *ALL, 'ours / peer', 'native / C'], rows
    )


def imports_table(imports):
    return markdown_table(
        [
            'CPU time in milliseconds',
            *imports,
            'ours / peer',
            'alone / 0.4.2',
        ],
        [
            [
                '`import jack`',
                *[spread(values, 1) for values in imports.values()],
                spread(ratios(imports[OURS], imports[PEER])),
                spread(ratios(imports[ALONE], imports[OLD])),
            ]
        ],
    )


def punctuality_table(rows):
    table = []
    for frames, label, who, values in rows:
        table.append(
            [
                f'{frames} frames, interpreter {label}',
                who,
                spread([v['count'] for v in values], 0),
                f'{statistics.median(v["nominal"] for v in values):,.0f}',
                spread([v['xruns'] for v in values], 0),
            ]
        )
    return markdown_table(['', 'who', 'cycles run', 'of', 'xruns'], table)


def tuning_tables(rows, touching):
    def cell(values):
        run = statistics.median(v['count'] / v['nominal'] for v in values)
        xruns = statistics.median(v['xruns'] for v in values)
        return f'{min(1, run):.1%}, {xruns:,.0f} xruns'

    def first(values):
        beginning = statistics.median(v['first'] for v in values)
        usual = statistics.median(v['usual'] for v in values)
        return f'{beginning:,.0f} ({usual:,.0f})'

    head = [f'{frames} frames' for frames in TUNING_FRAMES]
    return (
        markdown_table(
            ['the main thread', *head],
            [
                [label, *[cell(values) for values in columns]]
                for label, columns in rows.items()
            ],
        ),
        markdown_table(
            ['first cycle (usual cycle), us', *head],
            [
                ['as it is', *[first(v) for v in touching[False]]],
                [
                    'with its functions called once before',
                    *[first(v) for v in touching[True]],
                ],
            ],
        ),
    )


def growth_table(panels):
    rows = []
    for title, xlabel, lines in panels:
        for number, (size, _) in enumerate(lines[PEER]):
            usecs = {who: line[number][1] for who, line in lines.items()}
            rows.append(
                [
                    f'{title}: {size} {xlabel}',
                    *[spread(usecs[w], 1) if w in usecs else '' for w in ALL],
                    spread(ratios(usecs[OURS], usecs[PEER])),
                ]
            )
    return markdown_table(
        ['CPU time in microseconds', *ALL, 'ours / peer'], rows
    )


def describe(args):
    """The machine, and what was installed."""
    code = (
        'import sys, platform; from importlib.metadata import version as v; '
        'print(platform.python_implementation(), platform.python_version(), '
        '*(f"{n} {v(n)}" for n in ("JACK-Client", "cffi", "numpy")), sep=", ")'
    )
    versions = [
        subprocess.check_output([python, '-I', '-c', code], text=True).strip()
        for python in (args.peer, args.ours)
    ]
    # It prints this and then complains that it knows no such option.
    jackd = subprocess.run(
        ['jackd', '--version'], stdout=subprocess.PIPE, text=True
    ).stdout
    cpu = [
        line.partition(':')[2].strip()
        for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines()
        if line.startswith('model name')
    ]
    load = os.getloadavg()[0]
    return '\n'.join(
        [
            f'- {len(cpu)} x {cpu[0] if cpu else platform.machine()}, '
            f'{platform.system()} {platform.release()}, load at the '
            f'beginning: {load:.1f}',
            f'- {jackd.strip().splitlines()[-1]}, dummy driver, 48 kHz',
            f'- peer: {versions[0]}',
            f'- ours: {versions[1]}',
        ]
    )


def report(machine, args, hangs, costs, imports, punctuality, panels, tuning):
    parts = [
        '# Benchmarks',
        'Made by `make bench`'
        + (' ARGS=--quick' if args.quick else '')
        + '.  *peer* is the package JACK-Client 0.5.7 from PyPI, *native* '
        'is this module with a process callback in C, *C* is a program in C.',
        machine,
        'Each number is the median of several rounds [smallest to largest], '
        'in which all took turns.  A ratio is one of each round.',
        '## Cost',
        'CPU time of the client process: per cycle of 64 frames in '
        'freewheel mode, or per call.  Server and client share one CPU.',
        costs_table(costs),
        imports_table(imports),
        '## In time',
        f'JACK in real-time mode, for {args.long:g} seconds; the interpreter '
        'is busy because the main thread computes in a loop.  '
        f'Rounds that the peer did not end, and began again: {hangs}.',
        punctuality_table(punctuality),
        '## Growth',
        '![CPU time by size, in microseconds](results.svg)',
        growth_table(panels),
    ]
    if tuning:
        parts += [
            '## What helps Python to be in time',
            'Cycles run and xruns of a client in Python with 2 inputs and 2 '
            f'outputs, JACK in real-time mode, for {args.long:g} seconds.',
            *tuning_tables(*tuning),
        ]
    return '\n\n'.join(parts) + '\n'


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('peer', help="the interpreter of the peer's packages")
    parser.add_argument('old', help='the interpreter of JACK-Client 0.4.2')
    parser.add_argument('ours', help='the interpreter of our packages')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--output', type=pathlib.Path, default=HERE)
    args = parser.parse_args()
    for name in 'peer', 'old', 'ours':
        setattr(args, name, os.path.abspath(getattr(args, name)))
    if args.quick:
        args.rounds, args.repeats, args.seconds, args.long = 2, 1, 0.15, 1.5
    else:
        args.rounds, args.repeats, args.seconds, args.long = 5, 3, 0.3, 3
    return args


def main():
    args = parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    machine = describe(args)
    print(machine)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        bench = Bench(args, folder)
        costs = measure_costs(bench)
        imports = measure_imports(bench, folder)
        punctuality = measure_punctuality(bench)
        panels = measure_growth(bench)
        tuning = None if args.quick else measure_tuning(bench)
    text = report(
        machine,
        args,
        bench.hangs,
        costs,
        imports,
        punctuality,
        panels,
        tuning,
    )
    (args.output / 'results.md').write_text(text)
    (args.output / 'results.svg').write_text(plot.draw(*plot.read(text)))
    print(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
