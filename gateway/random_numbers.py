"""Random numbers of the gateway alone, which are no secrets.

Python's own generator is that of the whole process: whoever seeds it would repeat the ids of
requests and traces. Worker processes are spawned, so that each seeds this one itself.
"""

from random import Random

_GENERATOR = Random()  # noqa: S311 - see above

random = _GENERATOR.random
getrandbits = _GENERATOR.getrandbits
