"""Says which version this is; all else stands in pyproject.toml."""

import pathlib
import re

from setuptools import setup

# Not imported: that needs CFFI and libjack, which a build must not.
source = pathlib.Path(__file__).with_name('jack.py').read_text('utf-8')
version = re.search(r"^__version__ = '(.+)'$", source, re.MULTILINE).group(1)

setup(version=version)
