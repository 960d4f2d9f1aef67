/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the token service, and of the lists of people.
 * Values only; what each bounds is a row of cmd/limit_rows.c. */
#ifndef SVC_DIRECTORY_LIMIT_VALUES_H
#define SVC_DIRECTORY_LIMIT_VALUES_H

#include <stddef.h>

#define DEVICE_CODES_MAX      1000
#define DEVICE_CODES_PEER_MAX 100
#define TICKETS_EACH_MAX      200
#define PEOPLE_PAGE_MAX       500
#define SCOPE_SIZE_MAX        ((size_t)2000) /* bytes */
#define NONCE_SIZE_MAX        ((size_t)200)  /* bytes */

#endif
