/* SPDX-License-Identifier: MIT */
/* elf_needs_test.c — this very program, what is no program, and a small one with each of its bytes changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include "jail/elf_needs.h"

/* One loadable segment that is the whole file, the interpreter's name, and a dynamic section. */
struct small {
    ElfW(Ehdr) header;
    ElfW(Phdr) load;
    ElfW(Phdr) interpreter;
    ElfW(Phdr) dynamic;
    char name[32];
    char strings[32];
    ElfW(Dyn) entries[5];
};

static const struct small good = {
    .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
               .e_phoff = offsetof(struct small, load),
               .e_phentsize = sizeof(ElfW(Phdr)),
               .e_phnum = 3},
    .load = {.p_type = PT_LOAD, .p_vaddr = 0x1000, .p_filesz = sizeof(struct small)},
    .interpreter = {.p_type = PT_INTERP, .p_offset = offsetof(struct small, name), .p_filesz = 32},
    .dynamic = {.p_type = PT_DYNAMIC,
                .p_offset = offsetof(struct small, entries),
                .p_filesz = sizeof(ElfW(Dyn)) * 5},
    .name = "/lib64/loader.so.2",
    .strings = "\0liba.so.1\0libb.so.2",
    .entries = {{.d_tag = DT_NEEDED, .d_un.d_val = 1},
                {.d_tag = DT_NEEDED, .d_un.d_val = 11},
                {.d_tag = DT_STRTAB, .d_un.d_ptr = 0x1000 + offsetof(struct small, strings)},
                {.d_tag = DT_STRSZ, .d_un.d_val = 21},
                {.d_tag = DT_NULL}},
};

static enum status read_bytes(const void *data, size_t size, struct elf_needs *ret_needs)
{
    int file = memfd_create("small", MFD_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(write(file, data, size), size);
    struct err error = {0};
    enum status status = elf_read_needs(file, ret_needs, &error);
    close(file);
    return status;
}

static void names_what_it_needs(void **state)
{
    (void)state;
    struct elf_needs needs;
    assert_int_equal(read_bytes(&good, sizeof good, &needs), STATUS_OK);
    assert_string_equal(needs.interpreter, "/lib64/loader.so.2");
    assert_int_equal(needs.count, 2);
    assert_string_equal(needs.names[0], "liba.so.1");
    assert_string_equal(needs.names[1], "libb.so.2");
}

static void reads_this_program(void **state)
{
    (void)state;
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct elf_needs needs;
    assert_int_equal(elf_read_needs(self, &needs, NULL), STATUS_OK);
    close(self);
    bool found = false;
    for (unsigned i = 0; i < needs.count; i++)
        found |= strncmp(needs.names[i], "libc.so.", 8) == 0;
    assert_true(found);
    assert_true(needs.interpreter[0] == '/');
}

static void leaves_other_files_alone(void **state)
{
    (void)state;
    struct elf_needs needs;
    assert_int_equal(read_bytes("#!/bin/sh\n", 10, &needs), STATUS_NOT_FOUND);
    assert_int_equal(read_bytes("", 0, &needs), STATUS_NOT_FOUND);
    struct small foreign = good;
    foreign.header.e_ident[EI_CLASS] = ELFCLASS32;
    assert_int_equal(read_bytes(&foreign, sizeof foreign, &needs), STATUS_NOT_FOUND);
}

static void refuses_what_is_out_of_bounds(void **state)
{
    (void)state;
    struct elf_needs needs;
    struct small bad = good;
    bad.header.e_phnum = 65;
    assert_int_equal(read_bytes(&bad, sizeof bad, &needs), STATUS_MALFORMED);
    bad = good;
    bad.header.e_phoff = UINT64_MAX - 8;
    assert_int_equal(read_bytes(&bad, sizeof bad, &needs), STATUS_MALFORMED);
    bad = good;
    bad.dynamic.p_filesz = UINT64_MAX;
    assert_int_equal(read_bytes(&bad, sizeof bad, &needs), STATUS_MALFORMED);
    bad = good;
    bad.entries[0].d_un.d_val = 21;
    assert_int_equal(read_bytes(&bad, sizeof bad, &needs), STATUS_MALFORMED);
    bad = good;
    bad.entries[2].d_un.d_ptr = 0x10;
    assert_int_equal(read_bytes(&bad, sizeof bad, &needs), STATUS_MALFORMED);
    bad = good;
    memset(bad.name, 'x', sizeof bad.name);
    assert_int_equal(read_bytes(&bad, sizeof bad, &needs), STATUS_MALFORMED);
}

/* The sanitizers judge. */
static void survives_every_changed_byte(void **state)
{
    (void)state;
    struct elf_needs needs;
    for (size_t at = 0; at < sizeof good; at++) {
        struct small changed = good;
        ((uint8_t *)&changed)[at] ^= 0xff;
        (void)!read_bytes(&changed, sizeof changed, &needs);
        (void)!read_bytes(&good, at, &needs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_it_needs),         cmocka_unit_test(reads_this_program),
        cmocka_unit_test(leaves_other_files_alone),    cmocka_unit_test(refuses_what_is_out_of_bounds),
        cmocka_unit_test(survives_every_changed_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
