/* SPDX-License-Identifier: MIT */
/* managed_identity.h — tokens for programs that run here without a secret of their own: the managed identity of an app, in the
 * form of 2019-08-01. A program asks GET /msi/token with the header X-IDENTITY-HEADER, which is made for it alone when it is
 * admitted, and gets tokens of the identities it was admitted with, of no other. Secrets live in memory only, as hashes.
 * Mounted on a server of its own that listens on loopback, in clear text, as the cloud's does. Loop's thread. */
#ifndef SVC_DIRECTORY_MANAGED_IDENTITY_H
#define SVC_DIRECTORY_MANAGED_IDENTITY_H

#include "crypto/secret.h"
#include "net/http_server.h"
#include "store/directory/token.h"

#define MANAGED_IDENTITY_PATH      "/msi/token"
#define MANAGED_IDENTITY_SECRET    "spi_"
#define MANAGED_IDENTITY_PROGRAMS  64  /* most that are admitted at a time */
#define MANAGED_IDENTITIES_MAX     8   /* of one program */
#define MANAGED_IDENTITY_NAME_SIZE 256 /* bytes of a program's name with NUL */

struct managed_identity;

/* Both are borrowed. `issuer_base`: of the tokens, copied (struct token_wish). NO_MEMORY. */
STATUS_RESULT managed_identity_create(struct directory *directory, struct token_keys *keys,
                                      const char *issuer_base, struct managed_identity **ret_identity,
                                      struct err *err);
/* NULL allowed. */
void managed_identity_destroy(struct managed_identity *identity);
/* From now on `program` (a name of the caller's) gets tokens of these applications, by their object ids; the first is meant where a
 * request names none. Makes its secret; one that it had before counts no more. With no application (`count` 0) it is as if it had
 * never been here, and there is no secret. INVALID_ARGUMENT: too many, or a name or an id that is too long; RESOURCE_EXHAUSTED: too many
 * programs. */
STATUS_RESULT managed_identity_admit(struct managed_identity *identity, const char *program,
                                     const char *const *object_ids, size_t count,
                                     char ret_secret[SECRET_TEXT_SIZE + 1], struct err *err);
/* For http_server_serve. */
struct http_handler managed_identity_handler(struct managed_identity *identity);

#endif
