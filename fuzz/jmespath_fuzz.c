/* SPDX-License-Identifier: MIT */
/* jmespath_fuzz.c — any text as a query; what compiles is asked of a value with every type in it. */
#include "wire/json/jmespath.h"

static const char given[] = "{\"a\":[{\"b\":1,\"c\":\"x\"},{\"b\":2.5,\"c\":\"y\"},null,[1,[2]],true],\"b\":{"
                            "\"d\":\"\"},\"c\":[3,1,2]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jmespath *path = NULL;
    struct err error = {0};
    if (jmespath_compile(bytes_of(data, size), &path, &error) != STATUS_OK)
        return 0;

    CLEANUP(json_release) json_t *value = NULL;
    CLEANUP(json_release) json_t *found = NULL;
    ASSERT(json_parse(bytes_of_cstr(given), NULL, &value, NULL) == STATUS_OK);
    enum status status = jmespath_search(path, value, &found, &error);
    ASSERT((status == STATUS_OK) == (found != NULL));
    jmespath_destroy(path);
    return 0;
}
