/* SPDX-License-Identifier: MIT */
/* token.h — access tokens of ours: who mints one, who checks one, and the keys between them.
 * Keys live in the directory and never leave it. The first is made at the first start; every TOKEN_KEY_DAYS the next one is
 * made and published, signs TOKEN_KEY_LEAD_S later, and the one before is published until its last token is over. All on
 * the loop's thread; minting takes about 50 µs, checking 100 µs. */
#ifndef STORE_DIRECTORY_TOKEN_H
#define STORE_DIRECTORY_TOKEN_H

#include "store/directory/directory.h"
#include "wire/http1/site.h"
#include "wire/jose/jwt.h"

#define TOKEN_LIFETIME_S 3600
#define TOKEN_LEEWAY_S   60 /* between our clock and itself: a clock that was set back */
#define TOKEN_KEY_DAYS   30
#define TOKEN_KEY_LEAD_S 600 /* who caches the published keys looks again within this */

/* Audiences, as clients of the cloud ask for them. The control plane's and the directory's is the server's own URL. */
#define TOKEN_AUDIENCE_POOL      "https://dynamicsessions.io"
#define TOKEN_AUDIENCE_SCHEDULER "https://durabletask.io"
#define TOKEN_AUDIENCE_APP       "api://sallyport"

struct token_keys;

/* `site` (borrowed): which hosts the server's own URL may have; NULL: those of loopback only. Makes the first key. */
STATUS_RESULT token_keys_open(struct directory *directory, const struct site *site, int64_t now_ns,
                              struct token_keys **ret_keys, struct err *err);
void token_keys_close(struct token_keys *keys); /* NULL allowed */
/* Makes the next key when it is due, and drops one that is over. Call it every minute or so. */
void token_keys_tend(struct token_keys *keys, int64_t now_ns);
/* Appends the published keys as a JWK set. NO_MEMORY. */
STATUS_RESULT token_keys_publish(struct token_keys *keys, struct buf *out);

struct token_wish {
    /* "https://localhost:8080": as the client reached us, without a slash at its end */
    const char *issuer_base;
    /* a resource of the table above, or a URL of this server; with or without "/.default" */
    struct bytes audience;
    const char *object_id; /* of the person or the application's principal */
    const char *client_id; /* of the application through which it signed in, or which it is */
    const char *name;      /* of a person, "alice@example.org"; NULL: it is an application */
};

/* Appends a token for an hour. INVALID_ARGUMENT: nothing here has that audience; UNAVAILABLE: there is no key yet; NO_MEMORY. */
STATUS_RESULT token_mint(struct token_keys *keys, const struct token_wish *wish, int64_t now_ns,
                         struct buf *out, struct err *err);

/* Appends an id token (OpenID Connect Core 1.0 section 2) for the client: says who signed in, opens nothing. `nonce` may be NULL. */
STATUS_RESULT token_mint_identity(struct token_keys *keys, const struct token_wish *wish, const char *nonce,
                                  int64_t now_ns, struct buf *out, struct err *err);

/* OK if the token is ours, of this tenant, and counts now; `ret_place`: where, as in struct principal.within (static). Else
 * UNAUTHENTICATED with the reason. */
STATUS_RESULT token_check(struct token_keys *keys, const struct jwt *jwt, int64_t now_ns,
                          struct bytes *ret_place, struct err *err);
/* True if the key that the token names is one of ours: then nobody else's rules are asked. */
bool token_is_ours(struct token_keys *keys, const struct jwt *jwt);
/* The place of an audience; data NULL: nothing here has it. Static. */
struct bytes token_audience_place(const struct token_keys *keys, struct bytes audience);

#endif
