/* SPDX-License-Identifier: MIT */
/* host_names.h — the names under which this server may be asked (wire/http1/site.h): those of loopback
 * always, the address that it listens on, and what the setting host-names lists. A server that listens for
 * other machines is also known by its machine's name and, on an address such as 0.0.0.0, by every numeric
 * address.
 */
#ifndef CMD_HOST_NAMES_H
#define CMD_HOST_NAMES_H

#include "base/arena.h"
#include "wire/http1/site.h"

#define HOST_NAMES_MAX 64 /* of the setting */

struct host_names {
    struct site site;
    struct bytes names[HOST_NAMES_MAX + 2]; /* the setting's, the address, the machine's */
    struct arena arena;                     /* what they are views of */
};

/* `listen_address` is numeric; `list` is separated by commas or blanks, NULL: none. INVALID_ARGUMENT: an
 * entry that is no host name; NO_MEMORY. `site` is valid until host_names_fini, which is also right after an
 * error.
 */
STATUS_RESULT host_names_init(struct host_names *names, const char *listen_address, const char *list,
                              struct err *err);
void host_names_fini(struct host_names *names);

#endif
