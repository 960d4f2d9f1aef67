# SPDX-License-Identifier: MIT
"""How much of anything a cell may send. The pool has limits of its own; these keep an honest cell below them."""

TEXT_MAX = 1 << 20  # characters of one representation of a value; more is cut or left out, and flagged
ERROR_TEXT_MAX = 64 << 10  # characters of an exception's own text, and of a traceback in a frame
STDERR_TEXT_MAX = 256 << 10  # characters of all the tracebacks of one error
HINT_MAX = 512  # characters
SOURCE_LINE_MAX = 400  # characters of a source line in a traceback
NAME_MAX = 200  # characters of a class's or a function's name

IMAGES_MAX = 20  # of one cell
OUTPUTS_MAX = 16 << 20  # characters of all outputs of one cell

HOSTS_MAX = 64  # that one cell names, with their ports
HOST_NAME_MAX = 255  # characters of a host
PORT_NAME_MAX = 32  # characters of a port, which may have a name

FRAMES_SHOWN = 40  # of one traceback
CHAIN_SHOWN = 10  # exceptions linked by cause or context
MEMBERS_SHOWN = 10  # of one exception group
GROUPS_NESTED = 3  # groups within groups
NOTES_SHOWN = 20  # of one exception

FRAME_PAYLOAD_MAX = 32 << 20  # bytes; src/wire/frame.h
INTERRUPT_MAX_S = 2  # how long an interrupt may take from the pool
