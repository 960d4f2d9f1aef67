/* SPDX-License-Identifier: MIT */
/* secret.c — base 62 by long division, CRC-32 as the checksum, SHA-256 as the hash. */
#include "crypto/secret.h"

#include <pthread.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "base/text.h"
#include "os/clock.h"

#define RANDOM_SIZE   32
#define RANDOM_DIGITS 43 /* 62^43 > 2^256 */
#define CHECK_DIGITS  6  /* 62^6 > 2^32 */

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Writes `number` (big-endian, overwritten) as `count` digits, without a NUL. */
static void write_base62(uint8_t *number, size_t size, char *out, size_t count)
{
    while (count-- > 0) {
        unsigned rest = 0;
        for (size_t i = 0; i < size; i++) {
            unsigned value = rest << 8 | number[i];
            number[i] = (uint8_t)(value / 62);
            rest = value % 62;
        }
        out[count] = digits[rest];
    }
}

static void write_checksum(struct bytes text, char out[CHECK_DIGITS])
{
    unsigned long sum = crc32(0, text.data, (unsigned)text.size);
    uint8_t number[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8), (uint8_t)sum};
    write_base62(number, sizeof number, out, CHECK_DIGITS);
}

void secret_make(const char *prefix, char ret_text[SECRET_TEXT_SIZE + 1])
{
    size_t before = strlen(prefix);
    ASSERT(before <= SECRET_PREFIX_MAX);
    uint8_t random[RANDOM_SIZE];
    entropy_fill(random, sizeof random);
    memcpy(ret_text, prefix, before);
    write_base62(random, sizeof random, ret_text + before, RANDOM_DIGITS);
    write_checksum(bytes_of(ret_text, before + RANDOM_DIGITS), ret_text + before + RANDOM_DIGITS);
    ret_text[before + RANDOM_DIGITS + CHECK_DIGITS] = '\0';
    OPENSSL_cleanse(random, sizeof random);
}

bool secret_is_sound(struct bytes text, const char *prefix)
{
    struct bytes before = bytes_of_cstr(prefix);
    if (text.size != before.size + RANDOM_DIGITS + CHECK_DIGITS || !bytes_starts_with(text, before))
        return false;
    for (size_t i = before.size; i < text.size; i++)
        if (!ascii_alnum(text.data[i]))
            return false;
    char sum[CHECK_DIGITS];
    write_checksum(bytes_slice(text, 0, text.size - CHECK_DIGITS), sum);
    return bytes_equal(bytes_slice(text, text.size - CHECK_DIGITS, CHECK_DIGITS), bytes_of(sum, sizeof sum));
}

/* Looked up once: that takes as long as hashing some hundred bytes. */
static const EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void secret_hash(struct bytes text, char ret_hash[SECRET_HASH_SIZE + 1])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t hash[32];
    (void)pthread_once(&sha256_once, fetch_sha256);
    int done = sha256 &&
               EVP_Digest(text.data ? text.data : (const uint8_t *)"", text.size, hash, NULL, sha256, NULL);
    ASSERT(done); /* a library without SHA-256 cannot go on */
    for (size_t i = 0; i < sizeof hash; i++) {
        ret_hash[2 * i] = hex[hash[i] >> 4];
        ret_hash[2 * i + 1] = hex[hash[i] & 15];
    }
    ret_hash[SECRET_HASH_SIZE] = '\0';
}

bool secret_equal(struct bytes one, struct bytes other)
{
    return one.size == other.size && (one.size == 0 || CRYPTO_memcmp(one.data, other.data, one.size) == 0);
}

void secret_make_code(char ret_code[SECRET_CODE_SIZE + 1])
{
    static const char letters[] = "BCDFGHJKLMNPQRSTVWXZ";
    const unsigned count = sizeof letters - 1;
    for (size_t i = 0; i < SECRET_CODE_SIZE;) {
        uint8_t random;
        entropy_fill(&random, 1);
        if (random >= 256 / count * count) /* else the first letters would be more frequent */
            continue;
        ret_code[i++] = letters[random % count];
    }
    ret_code[SECRET_CODE_SIZE] = '\0';
}
