/* SPDX-License-Identifier: MIT */
/* world_http.h — the HTTP of the real world: one bounded request on libcurl, to https or to this machine. */
#ifndef CREDENTIAL_WORLD_HTTP_H
#define CREDENTIAL_WORLD_HTTP_H

#include "credential/world.h"

/* The contract of `ask` in world.h. No redirect is followed; certificates are verified. */
STATUS_RESULT world_http_ask(const struct world_stop *stop, const struct world_request *request,
                             struct world_reply *ret_reply, struct err *err);

#endif
