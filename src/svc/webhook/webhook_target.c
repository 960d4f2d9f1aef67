/* SPDX-License-Identifier: MIT */
/* webhook_target.c — a format has one of three ways to read its URL. */
#include "svc/webhook/webhook_target.h"

#include <stdio.h>

#include "base/text.h"
#include "svc/webhook/webhook_format.h"

static const char *read_http(struct bytes url, struct webhook_target *target)
{
    struct notice_place place;
    const char *why = NULL;
    if (!notice_place_read(url, &place, &why))
        return why;
    (void)snprintf(target->url, sizeof target->url, "%.*s", BYTES_FMT(url));
    return NULL;
}

static bool is_topic(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!ascii_alnum(text.data[i]) && text.data[i] != '-' && text.data[i] != '_')
            return false;
    return text.size > 0 && text.size <= WEBHOOK_TOPIC_SIZE_MAX;
}

/* Behind the last slash of the path; all in front of it is where ntfy is. */
static const char *read_ntfy(struct bytes url, struct webhook_target *target)
{
    const char *why = read_http(url, target);
    if (why)
        return why;
    size_t scheme = bytes_find(url, BYTES_LITERAL("://")) + 3, end = url.size;
    while (end > scheme && url.data[end - 1] != '/')
        end--;
    struct bytes topic = bytes_slice(url, end, SIZE_MAX);
    if (end == scheme || !is_topic(topic) || memchr(url.data, '?', url.size))
        return "must end with a topic of ntfy, 1 to " DIGITS_OF(
            WEBHOOK_TOPIC_SIZE_MAX) " letters, digits, \"-\" and \"_\" "
                                    "(limit webhook-topic-size-max): https://ntfy.sh/TOPIC";
    (void)snprintf(target->topic, sizeof target->topic, "%.*s", BYTES_FMT(topic));
    target->url[end] = '\0';
    return NULL;
}

static const char *read_mail(struct bytes url, struct webhook_target *target)
{
    static const struct bytes scheme = BYTES_LITERAL("mailto:");
    struct bytes mailbox = bytes_slice(url, scheme.size, SIZE_MAX);
    if (!bytes_starts_with_nocase(url, scheme) || !format_is_mail_address(mailbox))
        return "must be the address of one mailbox: mailto:mina@example.org";
    (void)snprintf(target->mailbox, sizeof target->mailbox, "%.*s", BYTES_FMT(mailbox));
    return NULL;
}

static const char *(*const readers[])(struct bytes url, struct webhook_target *target) = {
    [WEBHOOK_BY_HTTP] = read_http, [WEBHOOK_BY_NTFY] = read_ntfy, [WEBHOOK_BY_MAIL] = read_mail};

const char *webhook_target_read(const char *format, const char *url, struct webhook_target *ret_target)
{
    struct webhook_target target = {0};
    const char *why = readers[webhook_format_way(format)](bytes_of_cstr(url), &target);
    if (!why)
        *ret_target = target;
    return why;
}
