"""Golden logs of other voice pipelines, each printed by that pipeline's own logging or serialising code.

``python -m bench.golden NAME --into FOLDER`` (without FOLDER: tests/data/profiles/NAME) makes one anew. What the script
put in is written beside the log, as ``truth.json``: the oracle of the tests, independent of any parser. Names and what
each needs: tests/data/profiles/README.md.
"""
