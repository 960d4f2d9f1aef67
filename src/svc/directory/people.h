/* SPDX-License-Identifier: MIT */
/* people.h — the directory's HTTP API: people, groups, applications, keys and role assignments, as this product's commands ask for
 * them (/v1/directory/…), and what clients of the cloud ask of its directory (/v1.0/…, Microsoft Graph). Secrets are in the
 * answer that makes them and nowhere else. Loop's thread. */
#ifndef SVC_DIRECTORY_PEOPLE_H
#define SVC_DIRECTORY_PEOPLE_H

#include "net/http_router.h"
#include "store/directory/directory.h"

/* `directory` is borrowed, as long as the part. */
struct http_part people_part(struct directory *directory);
struct http_part graph_part(struct directory *directory);

#endif
