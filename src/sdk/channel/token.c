/* SPDX-License-Identifier: MIT */
/* token.c — a fresh token is checked before it replaces the old one: the old one serves until its own end
 * if the user's function fails or returns what no header may hold. */
#include "sdk/channel/token.h"

#include <string.h>

#include "base/duration.h"
#include "sdk/clock.h"

#define LIFE_NS  (600 * NS_PER_S) /* of a token without a stated expiry */
#define EARLY_NS (300 * NS_PER_S) /* renewed so long before it expires */

bool sdk_token_refresh(struct sdk_token *token, const struct sdk_target *target)
{
    if (!target->token)
        return true;
    int64_t now = sdk_wall_ns();
    if (token->text[0] && now < token->until_ns - EARLY_NS)
        return true;
    char fresh[SDK_TOKEN_SIZE_MAX] = "";
    int64_t until = 0;
    enum dt_status s =
        target->token(target->token_resource, fresh, sizeof fresh, &until, target->token_context);
    bool usable = s == DT_OK && fresh[0] && memchr(fresh, '\0', sizeof fresh);
    for (const char *c = fresh; usable && *c; c++)
        usable = *c > 0x20 && *c < 0x7f;
    if (!usable)
        return token->text[0] && now < token->until_ns; /* the old one may still do */
    memcpy(token->text, "Bearer ", SDK_TOKEN_PREFIX_SIZE);
    memcpy(token->text + SDK_TOKEN_PREFIX_SIZE, fresh, strlen(fresh) + 1);
    token->until_ns = until > 0 ? until : now + LIFE_NS;
    return true;
}
