/* SPDX-License-Identifier: MIT */
/* quantity.c — digits, then a suffix that stands in the caller's table. Nothing is rounded; what overflows is refused. */
#include "base/quantity.h"

#include "base/text.h"

enum status quantity_parse(struct bytes text, const struct quantity_unit *units, size_t count,
                           int64_t *ret_number)
{
    size_t digits = 0;
    while (digits < text.size && ascii_digit(text.data[digits]))
        digits++;
    struct bytes suffix = bytes_slice(text, digits, text.size);
    uint64_t number;
    if (bytes_parse_u64(bytes_slice(text, 0, digits), &number) != STATUS_OK || number > INT64_MAX)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < count; i++) {
        int64_t product;
        if (!bytes_equal_nocase(suffix, bytes_of_cstr(units[i].suffix)))
            continue;
        if (__builtin_mul_overflow((int64_t)number, units[i].factor, &product))
            return STATUS_MALFORMED;
        *ret_number = product;
        return STATUS_OK;
    }
    return STATUS_MALFORMED;
}
