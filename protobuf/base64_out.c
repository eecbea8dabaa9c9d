/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 out: 12 bits at a time by a table of all pairs of characters, 6 bytes
 * to 8 characters per round.
 */
#include "protobuf/json_sink.h"

/* clang-format off */

/* All pairs that begin with a; then, for each of 16, what begins with it. */
#define PAIRS(a) \
    a "A" a "B" a "C" a "D" a "E" a "F" a "G" a "H" \
    a "I" a "J" a "K" a "L" a "M" a "N" a "O" a "P" \
    a "Q" a "R" a "S" a "T" a "U" a "V" a "W" a "X" \
    a "Y" a "Z" a "a" a "b" a "c" a "d" a "e" a "f" \
    a "g" a "h" a "i" a "j" a "k" a "l" a "m" a "n" \
    a "o" a "p" a "q" a "r" a "s" a "t" a "u" a "v" \
    a "w" a "x" a "y" a "z" a "0" a "1" a "2" a "3" \
    a "4" a "5" a "6" a "7" a "8" a "9" a "+" a "/"

static const char pairs[2 * 4096 + 1] =
    PAIRS("A") PAIRS("B") PAIRS("C") PAIRS("D") PAIRS("E") PAIRS("F")
    PAIRS("G") PAIRS("H") PAIRS("I") PAIRS("J") PAIRS("K") PAIRS("L")
    PAIRS("M") PAIRS("N") PAIRS("O") PAIRS("P") PAIRS("Q") PAIRS("R")
    PAIRS("S") PAIRS("T") PAIRS("U") PAIRS("V") PAIRS("W") PAIRS("X")
    PAIRS("Y") PAIRS("Z") PAIRS("a") PAIRS("b") PAIRS("c") PAIRS("d")
    PAIRS("e") PAIRS("f") PAIRS("g") PAIRS("h") PAIRS("i") PAIRS("j")
    PAIRS("k") PAIRS("l") PAIRS("m") PAIRS("n") PAIRS("o") PAIRS("p")
    PAIRS("q") PAIRS("r") PAIRS("s") PAIRS("t") PAIRS("u") PAIRS("v")
    PAIRS("w") PAIRS("x") PAIRS("y") PAIRS("z") PAIRS("0") PAIRS("1")
    PAIRS("2") PAIRS("3") PAIRS("4") PAIRS("5") PAIRS("6") PAIRS("7")
    PAIRS("8") PAIRS("9") PAIRS("+") PAIRS("/");

/* clang-format on */

static inline void
put_pair(uint8_t *to, uint32_t bits12)
{
    memcpy(to, &pairs[2 * bits12], 2);
}

static inline void
put_3(uint8_t *to, const uint8_t *from)
{
    put_pair(to, (uint32_t)from[0] << 4 | from[1] >> 4);
    put_pair(to + 2, (uint32_t)(from[1] & 15) << 8 | from[2]);
}

/* from[0..n), n a multiple of 3. Returns the byte after the characters. */
static uint8_t *
encode(uint8_t *to, const uint8_t *from, size_t n)
{
    const uint8_t *end = from + n;

    for (; end - from >= 6; from += 6, to += 8) {
        put_3(to, from);
        put_3(to + 4, from + 3);
    }
    if (from < end) {
        put_3(to, from);
        to += 4;
    }
    return to;
}

/* The 1 or 2 bytes after the last three. */
static void
put_rest(struct pb_sink *s, const uint8_t *from, size_t n)
{
    uint8_t three[3] = { from[0], n > 1 ? from[1] : 0, 0 };
    uint8_t four[4];

    put_3(four, three);
    four[3] = '=';
    if (n == 1)
        four[2] = '=';
    pb_sink_put(s, four, 4);
}

void
pb_sink_base64(struct pb_sink *s, const uint8_t *bytes, size_t n)
{
    pb_sink_char(s, '"');
    while (n >= 3 && s->err == PB_OK) {
        uint8_t *at = pb_sink_at(s, 4);
        size_t room = at == s->p ? pb_sink_room(s) : 4;
        size_t part = (room / 4 < n / 3 ? room / 4 : n / 3) * 3;

        pb_sink_to(s, at, encode(at, bytes, part));
        bytes += part;
        n -= part;
    }
    if (n > 0 && n < 3)
        put_rest(s, bytes, n);
    pb_sink_char(s, '"');
}
