/* SPDX-License-Identifier: MIT */
/* elf_needs.c — three steps: the program headers, the dynamic section they point at, the names that section
 * counts. All addresses in the dynamic section are virtual; the loadable segments translate them into
 * offsets. */
#include "jail/elf_needs.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define HEADERS_MAX 64   /* program headers; compilers write about a dozen */
#define DYNAMIC_MAX 1024 /* entries of the dynamic section; linkers write about thirty */

typedef ElfW(Ehdr) elf_header;
typedef ElfW(Phdr) elf_segment;
typedef ElfW(Dyn) elf_dynamic;

#if __SIZEOF_POINTER__ == 8
#define NATIVE_CLASS ELFCLASS64
#else
#define NATIVE_CLASS ELFCLASS32
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_ORDER ELFDATA2LSB
#else
#define NATIVE_ORDER ELFDATA2MSB
#endif

struct elf_file {
    int fd;
    elf_segment segments[HEADERS_MAX];
    unsigned segment_count;
};

static enum status malformed(const char *what, struct err *error)
{
    return err_set(error, STATUS_MALFORMED, "ELF: %s", what);
}

/* Exactly `size` bytes at `offset`. */
static enum status read_at(int fd, uint64_t offset, void *ret_data, size_t size, struct err *error)
{
    if (offset > INT64_MAX - size)
        return malformed("an offset out of bounds", error);
    ssize_t got = pread(fd, ret_data, size, (off_t)offset);
    if (got < 0)
        return err_set(error, STATUS_IO, "ELF: %s", strerror(errno));
    if ((size_t)got != size)
        return malformed("shorter than it says", error);
    return STATUS_OK;
}

/* A NUL-ended name at `offset` that is no longer than `limit` bytes. */
static enum status read_name(int fd, uint64_t offset, uint64_t limit, char ret_name[ELF_NAME_SIZE],
                             struct err *error)
{
    size_t room = (size_t)MIN(limit, ELF_NAME_SIZE);
    if (offset > INT64_MAX - ELF_NAME_SIZE)
        return malformed("a name out of bounds", error);
    ssize_t got = pread(fd, ret_name, room, (off_t)offset);
    if (got < 0)
        return err_set(error, STATUS_IO, "ELF: %s", strerror(errno));
    if (got == 0 || !memchr(ret_name, '\0', (size_t)got))
        return malformed("a name without an end", error);
    return STATUS_OK;
}

static enum status read_segments(struct elf_file *file, struct err *error)
{
    elf_header header = {0};
    ssize_t got = pread(file->fd, &header, sizeof header, 0);
    if (got < 0)
        return err_set(error, STATUS_IO, "ELF: %s", strerror(errno));
    bool whole = got == (ssize_t)sizeof header && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0;
    bool native = header.e_ident[EI_CLASS] == NATIVE_CLASS && header.e_ident[EI_DATA] == NATIVE_ORDER;
    if (!whole || !native)
        return err_set(error, STATUS_NOT_FOUND, "not an ELF file of this machine");

    if (header.e_phnum > HEADERS_MAX || (header.e_phnum > 0 && header.e_phentsize != sizeof(elf_segment)))
        return malformed("its program headers", error);
    file->segment_count = header.e_phnum;
    return read_at(file->fd, header.e_phoff, file->segments, header.e_phnum * sizeof(elf_segment), error);
}

static const elf_segment *segment_of_type(const struct elf_file *file, unsigned type)
{
    for (unsigned i = 0; i < file->segment_count; i++) {
        if (file->segments[i].p_type == type)
            return &file->segments[i];
    }
    return NULL;
}

static enum status offset_of_address(const struct elf_file *file, uint64_t address, uint64_t *ret_offset,
                                     struct err *error)
{
    for (unsigned i = 0; i < file->segment_count; i++) {
        const elf_segment *segment = &file->segments[i];
        if (segment->p_type != PT_LOAD || address < segment->p_vaddr)
            continue;
        uint64_t inside = address - segment->p_vaddr;
        if (inside >= segment->p_filesz || segment->p_offset > UINT64_MAX - inside)
            continue;
        *ret_offset = segment->p_offset + inside;
        return STATUS_OK;
    }
    return malformed("an address in no segment", error);
}

/* The names lie in the string table at `strings`, by their offsets in the DT_NEEDED entries. */
static enum status read_needed(int fd, const elf_dynamic *entries, size_t count, uint64_t strings,
                               uint64_t size, struct elf_needs *needs, struct err *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count && entries[i].d_tag != DT_NULL; i++) {
        if (entries[i].d_tag != DT_NEEDED)
            continue;
        uint64_t at = entries[i].d_un.d_val;
        if (at >= size || strings > UINT64_MAX - at)
            return malformed("a name outside its string table", error);
        if (needs->count == ELF_NEEDED_MAX)
            return malformed("it needs too many libraries", error);
        status = read_name(fd, strings + at, size - at, needs->names[needs->count], error);
        needs->count++;
    }
    return status;
}

static enum status read_dynamic(const struct elf_file *file, const elf_segment *dynamic,
                                struct elf_needs *needs, struct err *error)
{
    elf_dynamic entries[DYNAMIC_MAX] = {0};
    size_t count = dynamic->p_filesz / sizeof *entries;
    if (count > DYNAMIC_MAX)
        return malformed("its dynamic section is too long", error);
    enum status status = read_at(file->fd, dynamic->p_offset, entries, count * sizeof *entries, error);
    if (status != STATUS_OK)
        return status;

    uint64_t address = 0;
    uint64_t size = 0;
    for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
        if (entries[i].d_tag == DT_STRTAB)
            address = entries[i].d_un.d_ptr;
        if (entries[i].d_tag == DT_STRSZ)
            size = entries[i].d_un.d_val;
    }
    if (size == 0)
        return STATUS_OK;
    uint64_t strings = 0;
    status = offset_of_address(file, address, &strings, error);
    if (status == STATUS_OK)
        status = read_needed(file->fd, entries, count, strings, size, needs, error);
    return status;
}

enum status elf_read_needs(int fd, struct elf_needs *ret_needs, struct err *error)
{
    struct elf_file file = {.fd = fd};
    struct elf_needs needs = {.count = 0};
    enum status status = read_segments(&file, error);
    if (status != STATUS_OK)
        return status;

    const elf_segment *interpreter = segment_of_type(&file, PT_INTERP);
    if (interpreter)
        status = read_name(fd, interpreter->p_offset, interpreter->p_filesz, needs.interpreter, error);
    const elf_segment *dynamic = segment_of_type(&file, PT_DYNAMIC);
    if (status == STATUS_OK && dynamic)
        status = read_dynamic(&file, dynamic, &needs, error);
    if (status == STATUS_OK)
        *ret_needs = needs;
    return status;
}
