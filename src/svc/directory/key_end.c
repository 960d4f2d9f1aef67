/* SPDX-License-Identifier: MIT */
/* key_end.c — as an owner would revoke it, at the time that it was made for. */
#include "svc/directory/key_end.h"

void key_end_if_over(struct directory *directory, const struct directory_key *key, int64_t now_ns)
{
    if (!key->expires_ns || now_ns < key->expires_ns || key->revoked_ns)
        return;
    struct directory_key ended = *key;
    ended.revoked_ns = key->expires_ns;
    const struct directory_write write = {DIRECTORY_REPLACE, DIRECTORY_KEY, &ended};
    directory_write(directory, &write, 1, NULL);
}

void key_end_all(struct directory *directory, int64_t now_ns)
{
    const struct directory_key *key = NULL;
    while ((key = directory_next(directory, DIRECTORY_KEY, key)))
        key_end_if_over(directory, key, now_ns);
}
