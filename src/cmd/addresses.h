/* SPDX-License-Identifier: MIT */
/* addresses.h — where each part of the process can be reached, as others write it. */
#ifndef CMD_ADDRESSES_H
#define CMD_ADDRESSES_H

#include "base/bytes.h"

#define ADDRESSES_HOST_DEFAULT "127.0.0.1" /* of the setting `host` */
#define ADDRESSES_URL_DEFAULT                                                                                \
    "http://localhost:8080" /* of `sallyport dev`: where commands look for a server */

#define ADDRESSES_HUBS_SIZE 2048 /* bytes */
#define POOL_NAME_SIZE_MAX  60   /* bytes: the pool's URL has room for it */

struct addresses {
    char url[256];
    /* where tools of the vendor's emulator look for the HTTP API; "" if nothing is there */
    char emulator_url[256];
    char emulator_dashboard_url[256]; /* and people for its dashboard */
    char pool_url[512];               /* "" if there is no pool */
    char connection_string[512];      /* "" if there is no scheduler */
    char hubs[ADDRESSES_HUBS_SIZE]; /* all that are served, separated by ", "; "" if there is no scheduler */
    const char *data_dir;           /* NULL if nothing is kept */
    const char *certificate;        /* file that is shown to who speaks TLS; "": nobody does */
    /* the page with a code that signs a browser in once; "": nobody signs in, or none was made */
    char sign_in_link[400];
    bool sign_in;          /* whoever asks has to say who it is */
    const char *authority; /* file that clients need for that; "": theirs is known to them */
};

/* `scheme`: "http" or "https". `host` is what the server listens on. Loopback is called "localhost": the vendor's samples compare with that, to
 * skip credentials. */
void addresses_set_url(struct addresses *addresses, const char *scheme, const char *host, unsigned port);
void addresses_set_emulator(struct addresses *addresses, const char *scheme, const char *host,
                            unsigned http_port, unsigned dashboard_port);
/* After the URL. `alone`: the pool is all that the port serves. */
void addresses_set_pool(struct addresses *addresses, const char *pool_name, bool alone);
/* After the URL. */
void addresses_set_scheduler(struct addresses *addresses, const char *hub);
void addresses_add_hub(struct addresses *addresses, struct bytes name);
/* True for 1 to POOL_NAME_SIZE_MAX letters, digits, '-', '_', '.': the name stands in URLs as it is. */
bool addresses_is_pool_name(struct bytes name);

#endif
