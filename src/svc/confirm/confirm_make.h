/* SPDX-License-Identifier: MIT */
/* confirm_make.h — the handler of POST /v1/requests/{id}/links. */
#ifndef SVC_CONFIRM_CONFIRM_MAKE_H
#define SVC_CONFIRM_CONFIRM_MAKE_H

#include "net/http_server.h"

/* `context`: the struct confirm_service. */
void confirm_make(void *context, struct http_request *request);

#endif
