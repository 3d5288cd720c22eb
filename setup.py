"""Tells the version, and parses the C declarations ahead of time.

All else stands in pyproject.toml.
"""

import pathlib
import re

from setuptools import setup
from setuptools.command.build_py import build_py

# Not imported: that needs libjack, which a build must not.
source = pathlib.Path(__file__).with_name('jack.py').read_text('utf-8')
version = re.search(r"^__version__ = '(.+)'$", source, re.MULTILINE).group(1)


class BuildWithParsedDeclarations(build_py):
    """Put `_jack_parsed.py` beside `jack.py`, so that it is imported faster.

    An editable installation does without: there, the declarations change.
    """

    def run(self):
        super().run()
        if not self.editable_mode:
            self.write_parsed(pathlib.Path(self.build_lib, '_jack_parsed.py'))

    def write_parsed(self, path):
        head, banner, _ = source.partition('# -- Library ---')
        if not banner:
            raise RuntimeError('jack.py has no section called Library')
        module = {'__name__': 'jack'}
        exec(compile(head, 'jack.py', 'exec'), module)
        path.parent.mkdir(parents=True, exist_ok=True)
        module['_write_parsed'](str(path))

    def get_outputs(self, include_bytecode=1):
        outputs = super().get_outputs(include_bytecode)
        return [*outputs, str(pathlib.Path(self.build_lib, '_jack_parsed.py'))]


setup(version=version, cmdclass={'build_py': BuildWithParsedDeclarations})
