#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The generated C that is checked in is what tools/protogen writes today, byte for byte."""
import filecmp
import os
import subprocess
import sys
import tempfile

from protos import FILES, PROTO_PATH, ROOT

with tempfile.TemporaryDirectory() as out:
    subprocess.run([sys.executable, os.path.join(ROOT, 'tools', 'protogen', 'protogen.py'), '--proto-path', PROTO_PATH,
                    '--out', out] + list(FILES), check=True)
    names = sorted(os.listdir(out))
    assert len(names) == 2 * len(FILES), names
    checked_in = os.path.join(ROOT, 'src', 'wire', 'pb')
    _, stale, missing = filecmp.cmpfiles(out, checked_in, names, shallow=False)
    if stale or missing:
        sys.exit('run tools/protogen/protogen.py --proto-path proto --out src/wire/pb proto/*.proto: %s' % (stale + missing))
print('ok: %s' % ' '.join(names))
