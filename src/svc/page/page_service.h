/* SPDX-License-Identifier: MIT */
/* page_service.h — the web page over HTTP: one document and its assets, out of the program itself. It holds no data: what
 * it shows it asks of the API as whoever looks. Loop's thread. */
#ifndef SVC_PAGE_PAGE_SERVICE_H
#define SVC_PAGE_PAGE_SERVICE_H

#include "net/http_router.h"

/* True if whoever asks for "/" wants the page: a browser, which says text/html by name. */
bool page_service_wanted(const struct http_request *request);
/* Answers with the page. */
void page_service_show(struct http_request *request);
/* The route of its assets, for an http_router. */
struct http_part page_service_part(void);

#endif
