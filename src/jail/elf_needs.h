/* SPDX-License-Identifier: MIT */
/* elf_needs.h — which libraries a program or library asks the dynamic linker for.
 * Reads the few parts of a file that say so (System V gABI chapters 4 and 5) and believes none of them: each
 * offset, size and count is bounded before it is used. It never maps or runs the file. Any thread. */
#ifndef JAIL_ELF_NEEDS_H
#define JAIL_ELF_NEEDS_H

#include "base/status.h"

#define ELF_NAME_SIZE  128 /* bytes of one name with its NUL; a longer one is MALFORMED */
#define ELF_NEEDED_MAX 96  /* libraries that one file may ask for; more are MALFORMED */

struct elf_needs {
    char interpreter[ELF_NAME_SIZE]; /* PT_INTERP, "" for a library or a static program */
    char names[ELF_NEEDED_MAX][ELF_NAME_SIZE];
    unsigned count;
};

/* Reads from `fd`, whose position is neither used nor moved. NOT_FOUND: not an ELF file of this machine's
 * word size and byte order. MALFORMED: one, but with parts out of bounds. IO: the kernel refused to read. */
STATUS_RESULT elf_read_needs(int fd, struct elf_needs *ret_needs, struct err *error);

#endif
