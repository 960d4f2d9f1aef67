/* SPDX-License-Identifier: MIT */
/* sign_in_link.c — a list in the order of their making, which is the order of their end. */
#include "svc/page/sign_in_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "svc/page/limit_values.h"

struct sign_in_link {
    struct list link; /* of sign_in_links.open */
    char hash[SECRET_HASH_SIZE + 1];
    char owner[PAGE_LINK_OWNER_SIZE];
    char *authorization; /* owned, wiped at the end */
    int64_t expires_ns;
};

void sign_in_links_init(struct sign_in_links *links)
{
    *links = (struct sign_in_links){.count = 0};
    list_init(&links->open);
}

static void forget(struct sign_in_links *links, struct sign_in_link *link)
{
    list_remove(&link->link);
    links->count--;
    explicit_bzero(link->authorization, strlen(link->authorization));
    free(link->authorization);
    free(link);
}

void sign_in_links_fini(struct sign_in_links *links)
{
    list_each_safe (at, &links->open)
        forget(links, CONTAINER_OF(at, struct sign_in_link, link));
}

static void forget_what_is_over(struct sign_in_links *links, int64_t now_ns)
{
    list_each_safe (at, &links->open) {
        struct sign_in_link *link = CONTAINER_OF(at, struct sign_in_link, link);
        if (link->expires_ns > now_ns)
            return;
        forget(links, link);
    }
}

/* Whoever has all that one may have gives up the oldest. */
static void make_room_of(struct sign_in_links *links, const char *owner)
{
    struct sign_in_link *oldest = NULL;
    size_t count = 0;
    list_each (at, &links->open) {
        struct sign_in_link *link = CONTAINER_OF(at, struct sign_in_link, link);
        if (strncmp(link->owner, owner, PAGE_LINK_OWNER_SIZE - 1) != 0)
            continue;
        count++;
        if (!oldest)
            oldest = link;
    }
    if (count >= PAGE_LINKS_EACH_MAX)
        forget(links, oldest);
}

enum status sign_in_link_make(struct sign_in_links *links, const char *owner, struct bytes authorization,
                              int64_t now_ns, char ret_code[SECRET_TEXT_SIZE + 1])
{
    forget_what_is_over(links, now_ns);
    make_room_of(links, owner);
    if (links->count >= PAGE_LINKS_MAX)
        return STATUS_RESOURCE_EXHAUSTED;

    struct sign_in_link *link = calloc(1, sizeof *link);
    char *copy = strndup((const char *)authorization.data, authorization.size);
    if (!link || !copy) {
        free(link);
        free(copy);
        return STATUS_NO_MEMORY;
    }

    secret_make(PAGE_LINK_PREFIX, ret_code);
    secret_hash(bytes_of_cstr(ret_code), link->hash);
    strncpy(link->owner, owner, PAGE_LINK_OWNER_SIZE - 1);
    link->authorization = copy;
    link->expires_ns = now_ns + PAGE_LINK_LIFE_NS;
    list_push_back(&links->open, &link->link);
    links->count++;
    return STATUS_OK;
}

static struct sign_in_link *find(const struct sign_in_links *links, struct bytes code)
{
    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(code, hash);
    list_each (at, &links->open) {
        struct sign_in_link *link = CONTAINER_OF(at, struct sign_in_link, link);
        if (strcmp(link->hash, hash) == 0)
            return link;
    }
    return NULL;
}

const char *sign_in_link_owner(struct sign_in_links *links, struct bytes code, int64_t now_ns)
{
    forget_what_is_over(links, now_ns);
    const struct sign_in_link *link = find(links, code);
    return link ? link->owner : NULL;
}

enum status sign_in_link_take(struct sign_in_links *links, struct bytes code, int64_t now_ns,
                              struct buf *ret_authorization)
{
    forget_what_is_over(links, now_ns);
    struct sign_in_link *link = find(links, code);
    if (!link)
        return STATUS_NOT_FOUND;

    buf_append_cstr(ret_authorization, link->authorization);
    forget(links, link);
    return buf_status(ret_authorization);
}
