/* SPDX-License-Identifier: MIT */
/* site_fuzz.c — lines of any bytes as the headers that say who asks. What is ours by the verdict must be ours
 * by name, and an Origin that passes must end in the very host that was asked for. */
#include <stdlib.h>

#include "wire/http1/site.h"

static struct bytes next_line(struct bytes *rest)
{
    struct bytes line = bytes_split(rest, '\n');
    return line.size ? line : (struct bytes){0};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct bytes names[] = {BYTES_LITERAL("pool.example"), BYTES_LITERAL("::7")};
    struct bytes in = bytes_of(data, size);
    struct site site = {
        .names = names, .name_count = size & 1 ? ARRAY_SIZE(names) : 0, .any_address = size & 2};
    struct site_request r = {.host = next_line(&in)};
    r.origin = next_line(&in);
    r.method = next_line(&in);
    r.fetch_site = next_line(&in);
    r.fetch_mode = next_line(&in);
    r.fetch_dest = next_line(&in);

    enum site_verdict verdict = site_judge(&site, &r);
    bool known = !r.host.data || site_knows(&site, r.host);
    ASSERT(known == (verdict != SITE_UNKNOWN_HOST));
    if (verdict == SITE_VISIT)
        ASSERT(!r.origin.data && r.fetch_site.data);
    if (verdict == SITE_OWN && r.origin.data)
        ASSERT(r.host.data && bytes_find(r.origin, BYTES_LITERAL("@")) == r.origin.size);
    (void)site_name_valid(r.host);
    return 0;
}
