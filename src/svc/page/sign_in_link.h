/* SPDX-License-Identifier: MIT */
/* sign_in_link.h — links that sign a browser in: whoever has credentials already asks for a code, which stands for them once and
 * for PAGE_LINK_LIFE_NS. It is what a command hands to a browser, so that nobody copies a key. The code itself is only in the link;
 * here is its hash. Links end with this process.
 *
 * An owner has PAGE_LINKS_EACH_MAX of them, of which the oldest makes room, so that nobody takes others' away; where
 * PAGE_LINKS_MAX are open, no more are made. Whether the credentials still count is asked when the link is used.
 *
 * Reads no clock: `now_ns` never goes back. One thread at a time. */
#ifndef SVC_PAGE_SIGN_IN_LINK_H
#define SVC_PAGE_SIGN_IN_LINK_H

#include "base/buf.h"
#include "base/list.h"
#include "crypto/secret.h"

#define PAGE_LINK_PREFIX     "spo_" /* of a code that counts once */
#define PAGE_LINK_OWNER_SIZE 64     /* bytes of an id with its NUL; of a longer one the beginning counts */

struct sign_in_links {
    struct list open; /* the oldest first */
    size_t count;
};

void sign_in_links_init(struct sign_in_links *links);
/* Those that are open count no more; the credentials are wiped. */
void sign_in_links_fini(struct sign_in_links *links);

/* Makes one. `owner`: the id of whose credentials `authorization` ("Bearer …", copied) are. `ret_code`: for the link.
 * NO_MEMORY; RESOURCE_EXHAUSTED: too many are open. */
STATUS_RESULT sign_in_link_make(struct sign_in_links *links, const char *owner, struct bytes authorization,
                                int64_t now_ns, char ret_code[SECRET_TEXT_SIZE + 1]);
/* The id of whose link of `code` it is, which stays; NULL: there is none, it was used, or it is over. Valid until the next call. */
const char *sign_in_link_owner(struct sign_in_links *links, struct bytes code, int64_t now_ns);
/* Ends the link of `code` and appends what it stands for to `ret_authorization`, which the caller wipes. NOT_FOUND: there is none, it was
 * used, or it is over. NO_MEMORY: it is used up, too. */
STATUS_RESULT sign_in_link_take(struct sign_in_links *links, struct bytes code, int64_t now_ns,
                                struct buf *ret_authorization);

#endif
