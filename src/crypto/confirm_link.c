/* SPDX-License-Identifier: MIT */
/* confirm_link.c — bytes in a fixed order behind a signature that is looked at before anything else is. */
#include "crypto/confirm_link.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/encode.h"
#include "base/text.h"
#include "os/clock.h"

#define FORMAT        1
#define MAC_SIZE      32
#define MANIFEST_SIZE 32
#define NUMBER_SIZE   8
#define HEAD_SIZE     (1 + 2 * NUMBER_SIZE + MANIFEST_SIZE)

/* What is signed begins with what it is for, so that no signature counts in another place. */
#define FOR_LINK "sallyport confirm link\n"
#define FOR_PAGE "sallyport confirm page\n"

void confirm_link_key_make(uint8_t ret_key[CONFIRM_LINK_KEY_SIZE])
{
    entropy_fill(ret_key, CONFIRM_LINK_KEY_SIZE);
}

/* False without memory. */
static bool sign(const uint8_t *key, const char *purpose, struct bytes text, uint8_t ret_mac[MAC_SIZE])
{
    CLEANUP(buf_fini) struct buf signed_text = {0};
    unsigned size = 0;
    buf_append_cstr(&signed_text, purpose);
    buf_append_bytes(&signed_text, text);
    return buf_status(&signed_text) == STATUS_OK &&
           HMAC(EVP_sha256(), key, CONFIRM_LINK_KEY_SIZE, signed_text.data, signed_text.size, ret_mac,
                &size) &&
           size == MAC_SIZE;
}

static bool is_signed(const uint8_t *key, const char *purpose, struct bytes text, struct bytes mac)
{
    uint8_t own[MAC_SIZE];
    return sign(key, purpose, text, own) && secret_equal(bytes_of(own, sizeof own), mac);
}

/* --- writing --- */

static void append_number(struct buf *out, int64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        buf_append_byte(out, (uint8_t)((uint64_t)number >> shift));
}

static void append_text(struct buf *out, const char *text)
{
    size_t size = strlen(text);
    buf_append_byte(out, (uint8_t)size);
    buf_append(out, text, size);
}

static bool append_manifest(struct buf *out, const char *digits)
{
    if (strlen(digits) != 2 * MANIFEST_SIZE)
        return false;
    for (size_t i = 0; i < MANIFEST_SIZE; i++) {
        int high = ascii_hex_value((uint8_t)digits[2 * i]), low = ascii_hex_value((uint8_t)digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        buf_append_byte(out, (uint8_t)(high << 4 | low));
    }
    return true;
}

enum status confirm_link_write(const uint8_t key[CONFIRM_LINK_KEY_SIZE], const struct confirm_link *link,
                               struct buf *out, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    uint8_t mac[MAC_SIZE];
    buf_append_byte(&text, FORMAT);
    append_number(&text, link->made_s);
    append_number(&text, link->expires_s);
    if (!link->who[0] || !link->request[0] || !append_manifest(&text, link->manifest))
        return err_set(err, STATUS_INVALID_ARGUMENT, "a link names a person, a request and a manifest");
    append_text(&text, link->who);
    append_text(&text, link->request);
    if (buf_status(&text) != STATUS_OK || !sign(key, FOR_LINK, buf_peek(&text), mac))
        return err_set(err, STATUS_NO_MEMORY, "no memory for a link");
    buf_append(&text, mac, sizeof mac);
    base64url_encode(out, buf_peek(&text));
    if (buf_status(&text) != STATUS_OK || buf_status(out) != STATUS_OK)
        return err_set(err, STATUS_NO_MEMORY, "no memory for a link");
    return STATUS_OK;
}

/* --- reading --- */

static int64_t take_number(struct bytes *rest)
{
    uint64_t number = 0;
    for (size_t i = 0; i < NUMBER_SIZE; i++)
        number = number << 8 | rest->data[i];
    *rest = bytes_slice(*rest, NUMBER_SIZE, SIZE_MAX);
    return (int64_t)number;
}

static void take_manifest(struct bytes *rest, char ret_digits[SECRET_HASH_SIZE + 1])
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < MANIFEST_SIZE; i++) {
        ret_digits[2 * i] = hex[rest->data[i] >> 4];
        ret_digits[2 * i + 1] = hex[rest->data[i] & 15];
    }
    ret_digits[SECRET_HASH_SIZE] = '\0';
    *rest = bytes_slice(*rest, MANIFEST_SIZE, SIZE_MAX);
}

static bool take_text(struct bytes *rest, char *ret_text, size_t capacity)
{
    size_t size = rest->size > 0 ? rest->data[0] : 0;
    if (size == 0 || size >= capacity || rest->size < 1 + size || memchr(rest->data + 1, '\0', size))
        return false;
    memcpy(ret_text, rest->data + 1, size);
    ret_text[size] = '\0';
    *rest = bytes_slice(*rest, 1 + size, SIZE_MAX);
    return true;
}

/* What was signed is sound unless a later release wrote it. */
static bool take_link(struct bytes text, struct confirm_link *ret_link)
{
    if (text.size < HEAD_SIZE || text.data[0] != FORMAT)
        return false;
    struct bytes rest = bytes_slice(text, 1, SIZE_MAX);
    ret_link->made_s = take_number(&rest);
    ret_link->expires_s = take_number(&rest);
    take_manifest(&rest, ret_link->manifest);
    return take_text(&rest, ret_link->who, sizeof ret_link->who) &&
           take_text(&rest, ret_link->request, sizeof ret_link->request) && rest.size == 0;
}

enum status confirm_link_read(const uint8_t key[CONFIRM_LINK_KEY_SIZE], struct bytes token, int64_t now_s,
                              struct confirm_link *ret_link, struct err *err)
{
    static const char unknown[] = "the link is none of this server";
    CLEANUP(buf_fini) struct buf bytes = {0};
    struct confirm_link link = {0};
    if (token.size > CONFIRM_LINK_SIZE_MAX || base64url_decode(&bytes, token) != STATUS_OK ||
        bytes.size <= MAC_SIZE)
        return err_set(err, STATUS_UNAUTHENTICATED, "%s", unknown);
    struct bytes text = bytes_slice(buf_peek(&bytes), 0, bytes.size - MAC_SIZE);
    if (!is_signed(key, FOR_LINK, text, bytes_slice(buf_peek(&bytes), text.size, MAC_SIZE)) ||
        !take_link(text, &link))
        return err_set(err, STATUS_UNAUTHENTICATED, "%s", unknown);
    if (now_s < link.made_s - CONFIRM_LINK_LEEWAY_S)
        return err_set(err, STATUS_UNAUTHENTICATED, "the link is of a time that has not come");
    if (now_s >= link.expires_s)
        return err_set(err, STATUS_DEADLINE_EXCEEDED, "the link is over");
    *ret_link = link;
    return STATUS_OK;
}

/* --- the page --- */

static bool sign_page(const uint8_t *key, struct bytes token, int64_t shown_s, uint8_t ret_mac[MAC_SIZE])
{
    CLEANUP(buf_fini) struct buf text = {0};
    append_number(&text, shown_s);
    buf_append_bytes(&text, token);
    return buf_status(&text) == STATUS_OK && sign(key, FOR_PAGE, buf_peek(&text), ret_mac);
}

enum status confirm_link_write_page(const uint8_t key[CONFIRM_LINK_KEY_SIZE], struct bytes token,
                                    int64_t now_s, struct buf *out)
{
    CLEANUP(buf_fini) struct buf bytes = {0};
    uint8_t mac[MAC_SIZE];
    if (!sign_page(key, token, now_s, mac))
        return STATUS_NO_MEMORY;
    append_number(&bytes, now_s);
    buf_append(&bytes, mac, sizeof mac);
    base64url_encode(out, buf_peek(&bytes));
    return buf_status(&bytes) == STATUS_OK ? buf_status(out) : STATUS_NO_MEMORY;
}

bool confirm_link_page_holds(const uint8_t key[CONFIRM_LINK_KEY_SIZE], struct bytes token,
                             struct bytes page_token, int64_t now_s)
{
    CLEANUP(buf_fini) struct buf bytes = {0};
    uint8_t mac[MAC_SIZE];
    if (page_token.size > CONFIRM_LINK_SIZE_MAX || base64url_decode(&bytes, page_token) != STATUS_OK ||
        bytes.size != NUMBER_SIZE + MAC_SIZE)
        return false;
    struct bytes rest = buf_peek(&bytes);
    int64_t shown_s = take_number(&rest);
    return sign_page(key, token, shown_s, mac) && secret_equal(bytes_of(mac, sizeof mac), rest) &&
           now_s >= shown_s - CONFIRM_LINK_LEEWAY_S && now_s - shown_s < CONFIRM_LINK_PAGE_S;
}
