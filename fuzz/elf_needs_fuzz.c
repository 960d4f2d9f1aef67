/* SPDX-License-Identifier: MIT */
/* elf_needs_fuzz.c — a file that says it is a program. Every name that comes out ends and is bounded. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "jail/elf_needs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    if (file < 0)
        file = memfd_create("elf", MFD_CLOEXEC);
    ASSERT(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    struct elf_needs needs;
    if (elf_read_needs(file, &needs, NULL) != STATUS_OK)
        return 0;
    ASSERT(needs.count <= ELF_NEEDED_MAX && memchr(needs.interpreter, '\0', sizeof needs.interpreter));
    for (unsigned i = 0; i < needs.count; i++)
        ASSERT(memchr(needs.names[i], '\0', sizeof needs.names[i]));
    return 0;
}
