/* SPDX-License-Identifier: MIT */
/* client_answer.h — decodes the service's answers into replies. On the channel's thread.
 * All: `arena` is scratch memory; what the reply keeps is copied. MALFORMED; NO_MEMORY; a status that the answer
 * means, with its text in `err`. */
#ifndef SDK_CLIENT_CLIENT_ANSWER_H
#define SDK_CLIENT_CLIENT_ANSWER_H

#include "sdk/client/operation.h"

/* INTERNAL: the service names another instance than was asked for. */
STATUS_RESULT sdk_answer_started(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                 struct dt_reply *reply, struct err *err);
/* NOT_FOUND; DEADLINE_EXCEEDED: the instance is not yet what a wait that only looks must find. */
STATUS_RESULT sdk_answer_instance(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                  struct dt_reply *reply, struct err *err);
STATUS_RESULT sdk_answer_purged(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                struct dt_reply *reply, struct err *err);
STATUS_RESULT sdk_answer_page(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                              struct dt_reply *reply, struct err *err);
STATUS_RESULT sdk_answer_restarted(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                   struct dt_reply *reply, struct err *err);
STATUS_RESULT sdk_answer_ids(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                             struct dt_reply *reply, struct err *err);
STATUS_RESULT sdk_answer_unterminated(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                      struct dt_reply *reply, struct err *err);
/* NOT_FOUND: it has no state. */
STATUS_RESULT sdk_answer_entity(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                struct dt_reply *reply, struct err *err);
STATUS_RESULT sdk_answer_entities(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                  struct dt_reply *reply, struct err *err);
/* Where to go on is the token of reply->ids, which has no ids. */
STATUS_RESULT sdk_answer_cleaned(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                 struct dt_reply *reply, struct err *err);

#endif
