/* SPDX-License-Identifier: MIT */
/* duration.c — how people write durations. */
#include "base/duration.h"

#include "base/macros.h"
#include "base/text.h"

static const struct {
    const char *suffix;
    int64_t ns;
} units[] = {{"ms", NS_PER_MS},      {"s", NS_PER_S},         {"m", 60 * NS_PER_S},
             {"h", 3600 * NS_PER_S}, {"d", 86400 * NS_PER_S}, {"", NS_PER_S}};

enum status duration_parse(struct bytes text, int64_t *ret_ns)
{
    size_t digits = 0;
    while (digits < text.size && ascii_digit(text.data[digits]))
        digits++;
    struct bytes suffix = bytes_slice(text, digits, text.size);
    uint64_t number;
    if (bytes_parse_u64(bytes_slice(text, 0, digits), &number) != STATUS_OK || number > INT64_MAX)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        int64_t ns;
        if (!bytes_equal_nocase(suffix, bytes_of_cstr(units[i].suffix)))
            continue;
        if (__builtin_mul_overflow((int64_t)number, units[i].ns, &ns))
            return STATUS_MALFORMED;
        *ret_ns = ns;
        return STATUS_OK;
    }
    return STATUS_MALFORMED;
}
