/* SPDX-License-Identifier: MIT */
/* session_internal.h — what session.c and session_perform.c share; for nobody else. */
#ifndef SVC_POOL_SESSION_SESSION_INTERNAL_H
#define SVC_POOL_SESSION_SESSION_INTERNAL_H

#include "svc/pool/session/session.h"

/* Does what the machine decided: a set of enum session_action. */
void session_perform(struct session *session, unsigned actions);
/* Invariant behind it: the timer is never later than the deadline. */
void session_keep_deadline(struct session *session);
/* May be called twice. */
void session_close_data_dir(struct session *session);

#endif
