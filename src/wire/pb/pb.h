/* SPDX-License-Identifier: MIT */
/* pb.h — the protobuf runtime: wire primitives, and a decoder and encoder driven by generated tables.
 * The structs and tables come from tools/protogen (`*.pb.h`, `*.pb.c`, checked in). A decoded message lives
 * in the caller's arena and its strings are views into the input, so both must outlive it. Encoding reads the
 * message only. Pure: no clock, no system call, no state; any thread, as long as one arena or buf has one
 * user.
 *
 * Format: protobuf.dev/programming-guides/encoding. What every generated struct keeps:
 *   raw      decode: the exact received bytes of this message, so a stored message can be handed on
 *            unchanged. A singular message that came in several pieces has them joined in the arena. Encode
 *            ignores it.
 *   unknown  fields that the tables do not know (newer peers, new oneof members), tag and value, in the order
 *            received; encode emits them behind the known fields. Unknown fields inside wrappers, timestamps,
 *            durations and map entries have no place of their own and live on only in the parent's `raw`.
 * Absent and empty are different for wrappers (`struct pb_opt_…`) and message pointers (NULL: absent). A
 * plain scalar of value 0 or "" is not sent, except as the set member of a oneof. Map entries stay in the
 * order received, with repeated keys: the last one counts (pb_string_entry_find). Enums are open: any
 * int32_t. */
#ifndef WIRE_PB_PB_H
#define WIRE_PB_PB_H

#include "base/arena.h"
#include "base/buf.h"

#define PB_DEPTH_MAX        100                 /* messages within messages, as in the official decoders */
#define PB_SIZE_MAX         ((size_t)INT32_MAX) /* bytes of one encoded message */
#define PB_FIELD_NUMBER_MAX ((uint32_t)((1u << 29) - 1)) /* of one field */
#define PB_STRUCT_SIZE_MAX  512                          /* bytes of a generated struct */
#define PB_VARINT_SIZE_MAX  10                           /* bytes */

/* google.protobuf.StringValue */
struct pb_opt_bytes {
    bool present;
    struct bytes value;
};
/* google.protobuf.Int32Value */
struct pb_opt_i32 {
    bool present;
    int32_t value;
};
/* google.protobuf.BoolValue */
struct pb_opt_bool {
    bool present;
    bool value;
};
/* google.protobuf.Timestamp (since 1970) and Duration; the values are the peer's and may be out of range. */
struct pb_opt_time {
    bool present;
    int64_t seconds;
    int32_t nanos;
};
/* An entry of map<string, string>. */
struct pb_string_entry {
    struct bytes key;
    struct bytes value;
};

/* A present StringValue that borrows `value`. */
static inline struct pb_opt_bytes pb_some(struct bytes value)
{
    return (struct pb_opt_bytes){.present = true, .value = value};
}

/* An absent StringValue. */
static inline struct pb_opt_bytes pb_none(void)
{
    return (struct pb_opt_bytes){.present = false};
}

/* A present time; nanos is 0..999999999 also before 1970, as Timestamp demands. For a negative Duration,
 * whose nanos would have to be negative too, fill the struct by hand. */
struct pb_opt_time pb_time_from_ns(int64_t ns);
/* Nanoseconds, saturating at INT64_MIN and INT64_MAX. Absent gives 0. */
int64_t pb_time_to_ns(struct pb_opt_time time);
/* The value of the last entry with this key; `*ret_value` is untouched and false returned without one.
 * `entries` may be NULL when `count` is 0. */
bool pb_string_entry_find(const struct pb_string_entry *entries, size_t count, struct bytes key,
                          struct bytes *ret_value);

/* --- Tables, filled by tools/protogen --- */

enum pb_kind {
    PB_KIND_BOOL,        /* bool */
    PB_KIND_INT32,       /* int32_t; also every enum */
    PB_KIND_INT64,       /* int64_t */
    PB_KIND_DOUBLE,      /* double */
    PB_KIND_STRING,      /* struct bytes, UTF-8 */
    PB_KIND_BYTES,       /* struct bytes */
    PB_KIND_OPT_STRING,  /* struct pb_opt_bytes, UTF-8 */
    PB_KIND_OPT_INT32,   /* struct pb_opt_i32 */
    PB_KIND_OPT_BOOL,    /* struct pb_opt_bool */
    PB_KIND_OPT_TIME,    /* struct pb_opt_time */
    PB_KIND_MESSAGE,     /* pointer to a struct; repeated: array of structs */
    PB_KIND_STRING_MAP,  /* array of struct pb_string_entry; always `repeated` */
    PB_KIND_MESSAGE_MAP, /* array of {struct bytes key; struct X *value}, value never NULL after decode */
};

struct pb_message;

struct pb_field {
    uint32_t number;
    uint16_t offset;       /* of the member in the struct */
    uint16_t count_offset; /* of `size_t …_count`, if repeated */
    uint8_t kind;          /* enum pb_kind */
    bool repeated;
    bool in_oneof;     /* set exactly if the struct's case member equals `number` */
    uint8_t oneof_run; /* in_oneof: how many fields from this one on, in table order, are of the oneof */
    const struct pb_message *message; /* of PB_KIND_MESSAGE and PB_KIND_MESSAGE_MAP, else NULL */
};

/* The names of an enum by number, NULL where there is none. */
struct pb_enum {
    const char *const *names;
    size_t count;
};

/* What a field is called outside of the wire (protobuf.dev/programming-guides/json). Not in `struct pb_field`, which
 * every decoding walks. */
struct pb_field_name {
    const char *json;            /* "instanceId" */
    const struct pb_enum *enum_; /* NULL: the field is none */
    bool duration;               /* of PB_KIND_OPT_TIME: a Duration, not a Timestamp */
};

struct pb_message {
    const char *name;                  /* full proto name, such as "google.protobuf.Value" */
    const struct pb_field *fields;     /* by ascending number; at most 64 */
    const struct pb_field_name *names; /* in the order of `fields` */
    const uint8_t *index; /* number -> 1 + place in `fields`, 0: unknown; number_max + 1 entries */
    uint32_t number_max;
    uint16_t field_count;
    uint16_t size;        /* of the struct */
    uint16_t case_offset; /* of the oneof's case member, if any field is in_oneof */
};

/* One RPC of a service. */
struct pb_method {
    const char *name; /* "StartInstance" */
    const char *path; /* "/TaskHubSidecarService/StartInstance" */
    bool server_streaming;
    bool client_streaming;
    const struct pb_message *request;  /* NULL: google.protobuf.Empty */
    const struct pb_message *response; /* NULL: google.protobuf.Empty */
};

/* Decodes `in` as `message` into `ret`, a struct of m->size bytes, which is untouched on failure.
 * MALFORMED: not protobuf (varint over 10 bytes or 64 bits, field number 0, a group that does not end or
 * holds more than PB_DEPTH_MAX groups in each other, a length beyond the input), a string that is not UTF-8,
 * or nesting over PB_DEPTH_MAX. NO_MEMORY: the arena is full; set its limit by what a peer may cost (a 2-byte
 * element of a repeated message may need 200 bytes). Pieces of one singular message are joined each time
 * another comes: thousands of pieces end in NO_MEMORY. A field whose wire type does not fit its table entry
 * is unknown, as in the official decoders. */
STATUS_RESULT pb_decode(struct arena *arena, struct bytes in, const struct pb_message *message, void *ret);
/* Appends `message`, a struct of `m` that borrows nothing from `out`, to `out`; see buf_status(out). Fails
 * like an append if the message is larger than PB_SIZE_MAX or nested deeper than PB_DEPTH_MAX. Strings are
 * sent as given: whoever fills them answers for UTF-8. Bytes are equal for equal content: ascending field
 * numbers, then `unknown`. */
void pb_encode(const struct pb_message *type, const void *message, struct buf *out);
/* What pb_encode would append, in bytes; SIZE_MAX where it would fail for size or depth. */
size_t pb_size(const struct pb_message *type, const void *message);

/* The typed face of the three functions above for `struct name`; used by generated headers only. */
#define PB_MESSAGE_FUNCTIONS(name)                                                                           \
    extern const struct pb_message name##_message;                                                           \
    static inline STATUS_RESULT name##_decode(struct arena *arena, struct bytes in, struct name *ret)        \
    {                                                                                                        \
        return pb_decode(arena, in, &name##_message, ret);                                                   \
    }                                                                                                        \
    static inline void name##_encode(const struct name *message, struct buf *out)                            \
    {                                                                                                        \
        pb_encode(&name##_message, message, out);                                                            \
    }                                                                                                        \
    static inline size_t name##_size(const struct name *message)                                             \
    {                                                                                                        \
        return pb_size(&name##_message, message);                                                            \
    }

/* --- Wire primitives, for paths written by hand --- */

enum pb_wire {
    PB_WIRE_VARINT = 0,
    PB_WIRE_FIXED64 = 1,
    PB_WIRE_BYTES = 2,
    PB_WIRE_GROUP = 3, /* no message of ours has one: always an unknown field, kept whole */
    PB_WIRE_GROUP_END = 4,
    PB_WIRE_FIXED32 = 5,
};

/* A pull reader over the fields of one message; sub-messages are read with a reader of their own. */
struct pb_reader {
    const uint8_t *next;
    const uint8_t *end;
    enum status status; /* OK, or MALFORMED once pb_reader_next has met bad bytes */
    uint32_t number;    /* 1..PB_FIELD_NUMBER_MAX */
    enum pb_wire wire;
    uint64_t value;     /* of a varint or fixed field */
    struct bytes bytes; /* of a length-delimited field: a view into the input, not checked for UTF-8 */
    struct bytes raw;   /* the whole field: tag, length and value */
};

/* A reader at the start of `in`, which must stay valid while the reader is used. */
struct pb_reader pb_reader_of(struct bytes in);
/* Reads one field. False at the end and on bad bytes: look at `status` behind the loop. Refuses what
 * pb_decode refuses. */
bool pb_reader_next(struct pb_reader *reader);

/* Appending; check buf_status(out) at the end. */
void pb_put_varint(struct buf *out, uint64_t value);
void pb_put_tag(struct buf *out, uint32_t number, enum pb_wire wire);
/* Tag, length and bytes, also when empty. */
void pb_put_bytes_field(struct buf *out, uint32_t number, struct bytes value);
/* Tag and value, also when 0. Give a negative int32_t sign-extended: (uint64_t)(int64_t)x. */
void pb_put_varint_field(struct buf *out, uint32_t number, uint64_t value);
void pb_put_fixed64_field(struct buf *out, uint32_t number, uint64_t value);
/* Bytes that pb_put_varint appends. */
size_t pb_varint_size(uint64_t value);

#endif
