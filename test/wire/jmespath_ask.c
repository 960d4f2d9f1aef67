/* SPDX-License-Identifier: MIT */
/* jmespath_ask.c — answers a list of questions: reads {"given": …, "expressions": [...]} from standard input and prints
 * one line a question, {"found": …} or {"error": "…"}. jmespath_compliance_test.py drives it. */
#include <stdio.h>
#include <stdlib.h>

#include "wire/json/jmespath.h"

static void answer(json_t *given, struct bytes expression)
{
    struct jmespath *path = NULL;
    struct err error = {0};
    json_t *found = NULL;
    enum status status = jmespath_compile(expression, &path, &error);
    if (status == STATUS_OK)
        status = jmespath_search(path, given, &found, &error);

    json_t *line =
        status == STATUS_OK ? json_pack("{s:o}", "found", found) : json_pack("{s:s}", "error", error.text);
    char *text = json_dumps(line, JSON_COMPACT);
    puts(text ? text : "{}");
    free(text);
    json_decref(line);
    jmespath_destroy(path);
}

int main(void)
{
    CLEANUP(json_release) json_t *root = json_loadf(stdin, JSON_ALLOW_NUL, NULL);
    const json_t *expressions = json_object_get(root, "expressions");
    for (size_t i = 0; i < json_array_size(expressions); i++)
        answer(json_object_get(root, "given"), json_bytes(json_array_get(expressions, i)));
    return expressions ? 0 : 1;
}
