/* SPDX-License-Identifier: MIT */
/* az_output_fuzz.c — an answer of a server in every form in which `sallyport az` prints it, and the shorthand of its
 * arguments. */
#include "cmd/az/output.h"
#include "cmd/az/shorthand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_all(json_t *value)
{
    for (int format = 0; format < AZ_FORMATS; format++) {
        CLEANUP(buf_fini) struct buf out = {0};
        const struct az_view view = {.format = (enum az_format)format, .colours = true};
        ASSERT(az_output(value, &view, &out, NULL) == STATUS_OK);
        ASSERT(out.size == 0 || out.data[out.size - 1] == '\n');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct json_limits limits = {.values_max = 2000};
    json_t *value = NULL;
    if (json_parse(bytes_of(data, size), &limits, &value, NULL) == STATUS_OK) {
        print_all(value);
        json_decref(value);
    }
    if (shorthand_parse(bytes_of(data, size), &value, NULL) == STATUS_OK) {
        print_all(value);
        json_decref(value);
    }
    return 0;
}
