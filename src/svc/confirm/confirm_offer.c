/* SPDX-License-Identifier: MIT */
/* confirm_offer.c — of what waits and has a manifest. */
#include "svc/confirm/confirm_offer.h"

#include <stdio.h>

#include "base/duration.h"
#include "base/text.h"
#include "base/time_parse.h"
#include "os/clock.h"
#include "wire/json/json.h"

int64_t confirm_expiry_s(const struct confirm_service *service, const json_t *request)
{
    int64_t deadline_ns = 0, expires_ns = clock_forward_ns() + service->lifetime_ns;
    struct bytes deadline = json_member_bytes(request, "deadline");
    if (deadline.data && time_parse(deadline, &deadline_ns) == STATUS_OK)
        expires_ns = MIN(expires_ns, deadline_ns);
    return expires_ns / NS_PER_S;
}

bool confirm_offer(const struct confirm_service *service, const char *base_url, const char *who,
                   const json_t *request, struct buf *out)
{
    struct confirm_link link = {.made_s = clock_forward_ns() / NS_PER_S,
                                .expires_s = confirm_expiry_s(service, request)};
    struct bytes state = json_member_bytes(request, "state"),
                 manifest = json_member_bytes(request, "manifestSha256");
    struct err err = {0};
    bool waits = bytes_equal_cstr(state, "waiting") && manifest.size == SECRET_HASH_SIZE &&
                 link.expires_s > link.made_s;
    if (!waits)
        return false;
    (void)snprintf(link.who, sizeof link.who, "%s", who);
    (void)snprintf(link.request, sizeof link.request, "%s", text_or(json_member_text(request, "id"), ""));
    (void)snprintf(link.manifest, sizeof link.manifest, "%.*s", BYTES_FMT(manifest));
    buf_append_fmt(out, "%s/confirm/", base_url);
    return confirm_link_write(service->key, &link, out, &err) == STATUS_OK && buf_status(out) == STATUS_OK;
}
