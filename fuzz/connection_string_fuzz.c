/* SPDX-License-Identifier: MIT */
/* connection_string_fuzz.c — any text as a connection string. What is accepted can be put into HTTP/2 headers
 * and given to the resolver without another look. */
#include "sdk/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printable(const char *text)
{
    ASSERT(*text);
    for (; *text; text++)
        ASSERT(*text > 0x20 && *text < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[4096];
    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    struct dt_connect_options o = DT_INIT(struct dt_connect_options);
    o.connection_string = text;
    struct sdk_target t;
    struct err e = {0};
    if (sdk_target_init(&t, &o, &e) != STATUS_OK) {
        ASSERT(e.text[0]);
        return 0;
    }
    check_printable(t.host);
    check_printable(t.port);
    check_printable(t.authority);
    check_printable(t.task_hub);
    sdk_target_fini(&t);
    return 0;
}
