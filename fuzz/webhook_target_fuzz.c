/* SPDX-License-Identifier: MIT */
/* webhook_target_fuzz.c — any text as the URL of a webhook of each format: what is taken as a topic or a mailbox has nothing in it that
 * begins another header, argument or path. */
#include "svc/webhook/webhook_format.h"
#include "svc/webhook/webhook_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(const char *word, const char *forbidden)
{
    for (const char *byte = word; *byte; byte++)
        ASSERT(*byte > ' ' && *byte <= '~' && !strchr(forbidden, *byte));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_fini) struct buf url = {0};
    buf_append(&url, data, size);
    buf_append_byte(&url, '\0');
    for (size_t i = 0; buf_status(&url) == STATUS_OK && webhook_format_name(i); i++) {
        const char *name = webhook_format_name(i);
        struct webhook_target target;
        if (webhook_target_read(name, (const char *)url.data, &target))
            continue;
        bool is_mail = webhook_format_way(name) == WEBHOOK_BY_MAIL;
        ASSERT(is_mail == (target.url[0] == '\0') && is_mail == (target.mailbox[0] != '\0'));
        ASSERT((webhook_format_way(name) == WEBHOOK_BY_NTFY) == (target.topic[0] != '\0'));
        check_word(target.topic, "/?#%&=");
        check_word(target.mailbox, "<>,;:\"\\()[]");
    }
    return 0;
}
