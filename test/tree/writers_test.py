#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fields of the engine's shared objects that one file of src/core/task writes, and no other.

engine_state.h says of each field which module writes it. These are the ones that more than one module has reasons to
change, so that a write elsewhere is easily made and hard to see: it must go through the owner's function.
If this fails, call that function, or move the field's row if its owner has changed.
"""
import re
import sys
from pathlib import Path

# field -> the file that writes it
WRITERS = {
    "status": "instance_life.c",
    "suspended": "instance.c",
    "updated_ns": "instance.c",
    "suspend_wanted": "instance.c",
    "terminate_recurse": "instance.c",
    "history_resident": "instance.c",
    "changed_sequence": "gate.c",
    "put_pending": "gate.c",
    "inbox_controls": "inbox.c",
    "terminating": "inbox.c",
    "payload_size": "residence.c",
    "terminal_counted": "residence.c",
}
# A field of the row needs the row before it: `status` is a field of much else.
ROW_FIELDS = {"status", "suspended", "updated_ns"}


def writes(text, field):
    """Lines of `text` that assign to the field."""
    owner = r"\brow(?:\.|->)" if field in ROW_FIELDS else r"(?:\.|->)"
    pattern = re.compile(owner + field + r"\s*(?:[-+|&]?=(?!=)|\+\+|--)")
    return [text.count("\n", 0, found.start()) + 1 for found in pattern.finditer(text)]


def main(root):
    folder = Path(root) / "src/core/task"
    faults = []
    seen = set()
    for path in sorted(folder.glob("*.[ch]")):
        if path.name.endswith("_test.c"):
            continue
        text = path.read_text()
        for field, owner in WRITERS.items():
            for line in writes(text, field):
                seen.add(field)
                if path.name != owner:
                    faults.append(f"src/core/task/{path.name}:{line}: {field} is written by {owner} only")
    faults += [f"nobody writes {field}: its row in this test is out of date" for field in WRITERS.keys() - seen]
    print("\n".join(sorted(faults)) or "every field has one writer")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
