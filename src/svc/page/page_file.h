/* SPDX-License-Identifier: MIT */
/* page_file.h — the files of the web page (`web/dist`), which the build puts into the program, and what of a request
 * decides how one is answered. Pure; any thread. */
#ifndef SVC_PAGE_PAGE_FILE_H
#define SVC_PAGE_PAGE_FILE_H

#include "base/bytes.h"

struct page_file {
    const char *path; /* "/index.html", "/assets/…" */
    const char *content_type;
    const char *tag; /* of its content, in hexadecimal digits */
    struct bytes plain;
    struct bytes gzip;
};

/* NULL: there is none. Letters count. */
const struct page_file *page_file_find(struct bytes path);

/* True if a header of the kind of Accept or Accept-Encoding names `what` ("text/html", "gzip") and does not refuse it by
 * q=0 (RFC 9110 section 12.4.2). Wildcards do not name anything: only browsers say text/html. */
bool page_accepts(struct bytes header, const char *what);

#endif
