/* SPDX-License-Identifier: MIT */
/* notice_place_fuzz.c — any text as the URL of a webhook, as an address, and as an entry of the operator's list. An address is read
 * exactly where inet_pton reads one, and alike; what is a URL here is one to libcurl's rules for hosts, too: no user, no blank, no escape. */
#include "core/notice/place.h"

#include <arpa/inet.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(struct bytes text)
{
    char host[128];
    struct notice_address read, known = {{[10] = 0xff, 0xff}};
    if (text.size >= sizeof host || memchr(text.data, '\0', text.size))
        return;
    (void)snprintf(host, sizeof host, "%.*s", BYTES_FMT(text));
    bool is_one = inet_pton(AF_INET, host, known.bytes + 12) == 1;
    is_one = is_one || inet_pton(AF_INET6, host, known.bytes) == 1;
    ASSERT(notice_address_read(text, &read) == is_one);
    ASSERT(!is_one || memcmp(read.bytes, known.bytes, sizeof read.bytes) == 0);
    ASSERT(!is_one || notice_address_kind_name(notice_address_kind_of(&read)));
}

static void check_place(struct bytes text, const struct notice_hosts *hosts)
{
    struct notice_place place;
    const char *why = NULL;
    if (!notice_place_read(text, &place, &why)) {
        ASSERT(why && why[0]);
        return;
    }
    ASSERT(place.port > 0 && place.host.size > 0 && place.host.size <= NOTICE_HOST_SIZE_MAX);
    ASSERT(place.host.data >= text.data && place.host.data + place.host.size <= text.data + text.size);
    for (size_t i = 0; i < place.host.size; i++)
        ASSERT(place.host.data[i] > ' ' && !strchr("@/\\%#?[]", place.host.data[i]));
    static const struct notice_hosts none;
    const struct notice_address loopback = {{[15] = 1}};
    enum notice_address_kind kind;
    ASSERT(!notice_place_may(&none, &place, &loopback, &kind));
    ASSERT(notice_place_may(hosts, &place, &loopback, &kind) || !notice_hosts_name(hosts, &place));
}

/* What libcurl is told of a mail server has a host and a port, and nothing behind them. */
static void check_mail(struct bytes text)
{
    struct notice_place place;
    const char *why = NULL;
    bool is_one = notice_place_read_mail(text, &place, &why);
    ASSERT(is_one ? place.port > 0 && place.host.size > 0 : why && why[0]);
    for (size_t i = 0; is_one && i < text.size; i++)
        ASSERT(text.data[i] > ' ' && !strchr("@\\%#?", text.data[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data ? data : (const uint8_t *)"", size);
    struct bytes rest = text;
    struct notice_hosts hosts = {0};
    struct err err = {0};
    while (rest.data && hosts.count < NOTICE_HOSTS_MAX)
        (void)notice_hosts_add(&hosts, bytes_split(&rest, ','), &err);
    check_address(text);
    check_mail(text);
    check_place(text, &hosts);
    check_place(text, &(struct notice_hosts){0});
    return 0;
}
