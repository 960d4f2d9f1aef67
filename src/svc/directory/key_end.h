/* SPDX-License-Identifier: MIT */
/* key_end.h — the end of an API key by its time, which stays when the clock is set back: the server revokes it. Loop's thread. */
#ifndef SVC_DIRECTORY_KEY_END_H
#define SVC_DIRECTORY_KEY_END_H

#include "store/directory/directory.h"

/* Revokes the key if its time is over and nobody has done it. `now_ns`: unix. */
void key_end_if_over(struct directory *directory, const struct directory_key *key, int64_t now_ns);
/* Likewise all of them. */
void key_end_all(struct directory *directory, int64_t now_ns);

#endif
