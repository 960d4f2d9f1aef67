/* SPDX-License-Identifier: MIT */
/* version.c — part by part from the left; what is left over decides when all common parts are the same. */
#include "sdk/turn/version.h"

#include "base/bytes.h"
#include "base/text.h"

int sdk_version_compare(const char *left, const char *right)
{
    if (!left || !right)
        return (left != NULL) - (right != NULL);
    struct bytes rest_a = bytes_of_cstr(left);
    struct bytes rest_b = bytes_of_cstr(right);
    while (rest_a.size || rest_b.size) {
        if (!rest_a.size || !rest_b.size)
            return rest_a.size ? 1 : -1;
        struct bytes part_a = bytes_split(&rest_a, '.');
        struct bytes part_b = bytes_split(&rest_b, '.');
        uint64_t number_a;
        uint64_t number_b;
        if (bytes_parse_u64(part_a, &number_a) == STATUS_OK &&
            bytes_parse_u64(part_b, &number_b) == STATUS_OK) {
            if (number_a != number_b)
                return number_a < number_b ? -1 : 1;
            continue;
        }
        for (size_t i = 0; i < MAX(part_a.size, part_b.size); i++) {
            int byte_a = i < part_a.size ? ascii_lower(part_a.data[i]) : -1;
            int byte_b = i < part_b.size ? ascii_lower(part_b.data[i]) : -1;
            if (byte_a != byte_b)
                return byte_a < byte_b ? -1 : 1;
        }
    }
    return 0;
}

bool sdk_version_accepts(const struct sdk_turn_options *options, const char *version)
{
    switch (options->version_match) {
    case DT_VERSION_MATCH_STRICT:
        return sdk_version_compare(options->version, version) == 0;
    case DT_VERSION_MATCH_CURRENT_OR_OLDER:
        return sdk_version_compare(options->version, version) >= 0;
    case DT_VERSION_MATCH_NONE:
        break;
    }
    return true;
}
