/* SPDX-License-Identifier: MIT */
/* slack_signature.c — the time first, since it costs nothing, then the signature over the bytes as they came. */
#include "crypto/slack_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buf.h"
#include "crypto/secret.h"

static bool is_of_now(struct bytes timestamp, int64_t now_s)
{
    uint64_t sent_s = 0;
    if (timestamp.size > 12 || bytes_parse_u64(timestamp, &sent_s) != STATUS_OK)
        return false;
    int64_t age_s = now_s - (int64_t)sent_s;
    return age_s < SLACK_WINDOW_S && age_s > -SLACK_WINDOW_S;
}

bool slack_signature_holds(struct bytes secret, struct bytes timestamp, struct bytes body,
                           struct bytes signature, int64_t now_s)
{
    static const char hex[] = "0123456789abcdef";
    CLEANUP(buf_fini) struct buf text = {0};
    uint8_t mac[32];
    char own[SLACK_SIGNATURE_SIZE] = {'v', '0', '='};
    unsigned size = 0;
    if (secret.size == 0 || !is_of_now(timestamp, now_s))
        return false;
    buf_append_cstr(&text, "v0:");
    buf_append_bytes(&text, timestamp);
    buf_append_byte(&text, ':');
    buf_append_bytes(&text, body);
    if (buf_status(&text) != STATUS_OK ||
        !HMAC(EVP_sha256(), secret.data, (int)secret.size, text.data, text.size, mac, &size) ||
        size != sizeof mac)
        return false;
    for (size_t i = 0; i < sizeof mac; i++) {
        own[3 + 2 * i] = hex[mac[i] >> 4];
        own[4 + 2 * i] = hex[mac[i] & 15];
    }
    return secret_equal(bytes_of(own, sizeof own), signature);
}
