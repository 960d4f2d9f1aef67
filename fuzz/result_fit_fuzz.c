/* SPDX-License-Identifier: MIT */
/* result_fit_fuzz.c — the answer of a pool, which may be anybody's: whatever it holds, what is kept is JSON within
 * the limit, and what fitted is not changed but for what stands twice. */
#include <stdlib.h>
#include <string.h>

#include "svc/app/result_fit.h"
#include "wire/json/json.h"

#define SIZE_MAX_TRIED ((size_t)64 << 10) /* the smallest that the header allows */
#define TEXT_REPEATED  4096               /* times the first text of the result */

/* Makes one text of the result long, so that there is something to cut. */
static void grow(json_t *result, const char *name)
{
    const json_t *text = json_object_get(result, name);
    size_t size = json_string_length(text);
    if (!size || size > 64)
        return;
    char *grown = malloc(size * TEXT_REPEATED);
    ASSERT(grown);
    for (size_t i = 0; i < TEXT_REPEATED; i++)
        memcpy(grown + i * size, json_string_value(text), size);
    json_object_set_new(result, name, json_stringn(grown, size * TEXT_REPEATED));
    free(grown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *result = NULL;
    if (json_parse(bytes_of(data, size), NULL, &result, NULL) != STATUS_OK)
        return 0;
    if (json_is_object(result)) {
        grow(result, "stdout");
        grow(result, "stderr");
        grow(result, "result");
        char *text = NULL;
        enum status status = result_fit(result, SIZE_MAX_TRIED, &text);
        ASSERT(status == STATUS_OK || status == STATUS_TOO_LARGE);
        json_t *again = json_loads(text, JSON_ALLOW_NUL, NULL);
        ASSERT(again && json_equal(again, result));
        ASSERT(strlen(text) <= SIZE_MAX_TRIED);
        json_decref(again);
        free(text);
    }
    json_decref(result);
    return 0;
}
