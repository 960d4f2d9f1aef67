/* SPDX-License-Identifier: MIT */
/* head.c — what is signed is the head without its signature, in canonical form. */
#include "store/audit/head.h"

#include "base/encode.h"
#include "base/text.h"
#include "wire/json/canonical.h"
#include "wire/json/json.h"

#define HEAD_LINE_MAX  1024
#define HEAD_DEPTH_MAX 2

/* --- writing --- */

static enum status add_signature(json_t *head, struct bytes signed_text, const struct seal_key *key,
                                 struct err *err)
{
    uint8_t seal[SEAL_SIZE];
    enum status status = seal_sign(key, signed_text, seal, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(buf_fini) struct buf text = {0};
    base64url_encode(&text, bytes_of(seal, sizeof seal));
    json_t *signature = json_stringn((const char *)text.data, text.size);
    if (json_object_set_new(head, "signature", signature) != 0)
        return err_no_memory(err);
    return STATUS_OK;
}

enum status audit_head_write(const struct audit_chain *chain, int64_t at_ns, const struct seal_key *key,
                             struct buf *out, struct err *err)
{
    char at[TIME_TEXT_SIZE_MAX];
    (void)time_format(at_ns, 6, at);
    CLEANUP(json_release)
    json_t *head = json_pack("{s:s, s:s, s:s, s:I}", "at", at, "hash", chain->hash, "key", seal_key_id(key),
                             "seq", (json_int_t)chain->seq);
    if (!head)
        return err_no_memory(err);

    CLEANUP(buf_fini) struct buf signed_text = {0};
    enum status status = canonical_append(&signed_text, head, err);
    if (status == STATUS_OK)
        status = add_signature(head, buf_peek(&signed_text), key, err);
    if (status == STATUS_OK)
        status = canonical_append(out, head, err);
    return status;
}

/* --- checking --- */

static bool is_hash(const char *text)
{
    if (!text || strlen(text) != SECRET_HASH_SIZE)
        return false;
    for (size_t i = 0; i < SECRET_HASH_SIZE; i++)
        if (ascii_hex_value((uint8_t)text[i]) < 0)
            return false;
    return true;
}

/* True if the line is what the writer would make of its members. */
static bool is_canonical(json_t *head, struct bytes line)
{
    CLEANUP(buf_fini) struct buf again = {0};
    struct err ignored = {0};
    return canonical_append(&again, head, &ignored) == STATUS_OK && bytes_equal(buf_peek(&again), line);
}

/* Takes the signature out of `head` and looks whether it is of what is left. */
static enum status check_signature(json_t *head, const struct seal_key *key, struct err *err)
{
    CLEANUP(buf_fini) struct buf seal = {0}, signed_text = {0};
    struct bytes signature = json_member_bytes(head, "signature");
    if (!signature.data || base64url_decode(&seal, signature) != STATUS_OK)
        return err_set(err, STATUS_DATA_LOSS, "a head has no signature");
    (void)json_object_del(head, "signature");
    enum status status = canonical_append(&signed_text, head, err);
    if (status == STATUS_NO_MEMORY)
        return status;
    if (status != STATUS_OK || !seal_holds(key, buf_peek(&signed_text), buf_peek(&seal)))
        return err_set(err, STATUS_DATA_LOSS, "a head was not signed by key %s, or was changed",
                       seal_key_id(key));
    return STATUS_OK;
}

enum status audit_head_check(struct bytes line, const struct seal_key *key, struct audit_chain *ret_chain,
                             struct err *err)
{
    static const struct json_limits limits = {.size_max = HEAD_LINE_MAX, .depth_max = HEAD_DEPTH_MAX};
    CLEANUP(json_release) json_t *head = NULL;
    struct err why = {0};
    enum status status = json_parse(line, &limits, &head, &why);
    if (status == STATUS_NO_MEMORY)
        return err_no_memory(err);
    if (status != STATUS_OK || !json_is_object(head) || !is_canonical(head, line))
        return err_set(err, STATUS_DATA_LOSS, "a head is no JSON object in canonical form");

    status = check_signature(head, key, err);
    if (status != STATUS_OK)
        return status;
    const json_t *seq = json_object_get(head, "seq");
    const char *hash = json_member_text(head, "hash");
    if (!json_is_integer(seq) || json_integer_value(seq) < 1 || !is_hash(hash))
        return err_set(err, STATUS_DATA_LOSS, "a head has no \"seq\" or no \"hash\"");
    ret_chain->seq = json_integer_value(seq);
    memcpy(ret_chain->hash, hash, SECRET_HASH_SIZE + 1);
    return STATUS_OK;
}
