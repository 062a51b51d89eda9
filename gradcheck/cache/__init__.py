"""The cache: results of targets that have not changed.

In: a target's place, the options, reports. Out: a key that stands for all that the reports depend on, and the reports
again. Principle: what cannot be told from files has no key; a cache that cannot be used costs one warning.
"""

from gradcheck.cache.citations import still_hold
from gradcheck.cache.fingerprint import Origin, file_of, key_of, lacks, sources_of
from gradcheck.cache.store import DIRECTORY, Remembered, Store, Warn
from gradcheck.cache.surroundings import instruction_set, surroundings
from gradcheck.cache.written import Unwritable, dumps, loads

__all__ = [
    "DIRECTORY",
    "Origin",
    "Remembered",
    "Store",
    "Unwritable",
    "Warn",
    "dumps",
    "file_of",
    "instruction_set",
    "key_of",
    "lacks",
    "loads",
    "sources_of",
    "still_hold",
    "surroundings",
]
