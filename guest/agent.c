/*
 * What runs in a guest of `kho capture` and `kho replay`: makes Live Update Orchestrator (LUO) sessions and memfds,
 * loads the next kernel and jumps to it, takes everything back there, and says what it sees.
 *
 * It is told what to do in lines on a serial port of its own, so that kernel messages never mix with answers. One
 * request is answered by any number of data lines and then one last line:
 *
 *   { ...JSON... }          a value
 *   =<base64>               bytes of a file
 *   ok                      done
 *   error <errno> <text>    not done
 *
 * Words of a request are separated by one blank; %XX stands for any byte, and the word %_ for an empty one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* include/uapi/linux/liveupdate.h, 6.19 to 7.2: system headers do not have it yet. */
#define LUO_TYPE 0xBA
#define LUO_NAME_BYTES 64

struct luo_session_request {
    __u32 size;
    __s32 fd;
    __u8 name[LUO_NAME_BYTES];
};

struct luo_file_request {
    __u32 size;
    __s32 fd;
    __aligned_u64 token;
};

struct luo_finish_request {
    __u32 size;
    __u32 reserved;
};

#define LUO_CREATE_SESSION _IO(LUO_TYPE, 0x00)
#define LUO_RETRIEVE_SESSION _IO(LUO_TYPE, 0x01)
#define LUO_PRESERVE_FD _IO(LUO_TYPE, 0x40)
#define LUO_RETRIEVE_FD _IO(LUO_TYPE, 0x41)
#define LUO_FINISH _IO(LUO_TYPE, 0x42)

/* Contents are made in pieces of this size, whatever the size of a page. */
#define PIECE 4096

/* Bytes of a page: 4K, or what an arm64 kernel was built with. */
static size_t page_bytes;

static FILE *port;

/* ---- SHA-256 (FIPS 180-4) ---- */

struct sha256 {
    uint32_t state[8];
    uint8_t block[64];
    uint64_t length;
};

static const uint32_t sha256_rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, int bits)
{
    return word >> bits | word << (32 - bits);
}

static void sha256_block(struct sha256 *sha, const uint8_t *block)
{
    uint32_t w[64], v[8];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    memcpy(v, sha->state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t sum1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t sum0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        uint32_t first = v[7] + sum1 + choice + sha256_rounds[i] + w[i];
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += first;
        v[0] = first + sum0 + majority;
    }
    for (int i = 0; i < 8; i++)
        sha->state[i] += v[i];
}

static void sha256_start(struct sha256 *sha)
{
    static const uint32_t initial[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(sha->state, initial, sizeof initial);
    sha->length = 0;
}

static void sha256_add(struct sha256 *sha, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        size_t used = sha->length % 64, take = 64 - used < count ? 64 - used : count;
        memcpy(sha->block + used, bytes, take);
        sha->length += take;
        bytes += take;
        count -= take;
        if (used + take == 64)
            sha256_block(sha, sha->block);
    }
}

static void sha256_end(struct sha256 *sha, char *hex)
{
    static const uint8_t padding[64] = {0x80};
    uint64_t bits = sha->length * 8;
    uint8_t length[8];

    sha256_add(sha, padding, (sha->length % 64 < 56 ? 56 : 120) - sha->length % 64);
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha256_add(sha, length, 8);
    for (int i = 0; i < 8; i++)
        sprintf(hex + 8 * i, "%08x", sha->state[i]);
}

/* ---- answers ---- */

/* Of a clock that nobody sets: of a guest whose instructions are counted, one is a nanosecond. */
static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC_RAW, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t spent;

static void ok(void)
{
    fputs("ok\n", port);
}

static void fail(int number, const char *format, ...)
{
    va_list arguments;

    fprintf(port, "error %d ", number);
    va_start(arguments, format);
    vfprintf(port, format, arguments);
    va_end(arguments);
    fprintf(port, ": %s\n", strerror(number));
}

static void put_string(const char *text)
{
    fputc('"', port);
    for (; *text != 0; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
            fprintf(port, "\\u%04x", byte);
        else
            fputc(byte, port);
    }
    fputc('"', port);
}

static void put_bytes(const uint8_t *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    fputc('=', port);
    for (size_t i = 0; i < count; i += 3) {
        uint32_t left = (uint32_t)(count - i);
        uint32_t group = bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
        fputc(digits[group >> 18], port);
        fputc(digits[group >> 12 & 63], port);
        fputc(left > 1 ? digits[group >> 6 & 63] : '=', port);
        fputc(left > 2 ? digits[group & 63] : '=', port);
    }
    fputc('\n', port);
}

/* ---- sessions and files that are held open ---- */

struct session {
    /* With room for a NUL that the kernel's field need not have. */
    char name[LUO_NAME_BYTES + 1];
    int fd;
    struct session *next;
};

struct held_file {
    struct session *session;
    uint64_t token;
    int fd;
    struct held_file *next;
};

static struct session *sessions;
static struct held_file *files;

static struct session *find_session(const char *name)
{
    struct session *session = sessions;

    while (session != NULL && strcmp(session->name, name) != 0)
        session = session->next;
    return session;
}

static struct held_file *find_file(const char *session, uint64_t token)
{
    struct held_file *file = files;

    while (file != NULL && (file->token != token || strcmp(file->session->name, session) != 0))
        file = file->next;
    return file;
}

static void hold_file(struct session *session, uint64_t token, int fd)
{
    struct held_file *file = malloc(sizeof *file);

    *file = (struct held_file){session, token, fd, files};
    files = file;
}

/* session NAME: creates it; retrieve-session NAME: takes it over from the kernel before. */
static void open_session(const char *name, unsigned long request)
{
    static int device = -1;
    struct luo_session_request arguments = {.size = sizeof arguments};
    struct session *session;

    if (device < 0)
        device = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);
    if (device < 0) {
        fail(errno, "/dev/liveupdate");
        return;
    }
    if (strlen(name) > LUO_NAME_BYTES) {
        fail(ENAMETOOLONG, "session %s", name);
        return;
    }
    /* What a name may be is for the kernel to say: one that fills the field has no NUL, an empty one no character. */
    memcpy(arguments.name, name, strlen(name));
    if (ioctl(device, request, &arguments) < 0) {
        fail(errno, "session %s", name);
        return;
    }
    session = calloc(1, sizeof *session);
    strcpy(session->name, name);
    session->fd = arguments.fd;
    session->next = sessions;
    sessions = session;
    ok();
}

/* finish NAME */
static void finish_session(const char *name)
{
    struct session *session = find_session(name);
    struct luo_finish_request arguments = {.size = sizeof arguments};

    if (session == NULL)
        fail(ENOENT, "session %s", name);
    else if (ioctl(session->fd, LUO_FINISH, &arguments) < 0)
        fail(errno, "finish of session %s", name);
    else
        ok();
}

/* ---- memfds ---- */

struct plan {
    uint64_t size;
    uint64_t position;
    uint64_t seals;
    uint64_t order;
    uint64_t seed;
    /* Nothing is written; the pages are only allocated. */
    int allocate_only;
    /* Bytes that are repeated; without them the contents follow from the seed. */
    const uint8_t *unit;
    size_t unit_length;
    /* "first+count,first+count": pages that are not written. */
    const char *holes;
};

/* xorshift128 behind a multiplying mixer: src/scenario/random.ts, number for number. */
struct random {
    uint32_t x, y, z, w;
};

static uint32_t mixed_word(uint32_t *state)
{
    uint32_t word = *state += 0x9e3779b9;

    word = (word ^ word >> 16) * 0x85ebca6b;
    word = (word ^ word >> 13) * 0xc2b2ae35;
    return word ^ word >> 16;
}

static struct random seed_random(uint32_t seed)
{
    uint32_t state = seed ^ 0x6b686f;
    struct random random;

    random.x = mixed_word(&state);
    random.y = mixed_word(&state);
    random.z = mixed_word(&state);
    random.w = mixed_word(&state) | 1;
    return random;
}

static uint32_t next_random(struct random *random)
{
    uint32_t t = random->x ^ random->x << 11;

    random->x = random->y;
    random->y = random->z;
    random->z = random->w;
    random->w = random->w ^ random->w >> 19 ^ t ^ t >> 8;
    return random->w;
}

/* The contents that a seed stands for, page by page: src/scenario/contents.ts, byte for byte. */
static void fill_seeded(uint8_t *page, uint64_t seed, uint64_t number)
{
    struct random random = seed_random((uint32_t)(seed + number * 0x2545f));

    for (int i = 0; i < PIECE / 4; i++)
        ((uint32_t *)page)[i] = next_random(&random);
}

/* A unit over and over from the beginning of the file. */
static void fill_repeated(uint8_t *page, const uint8_t *unit, size_t length, uint64_t number)
{
    size_t at = (size_t)(number * PIECE % length);

    for (size_t i = 0; i < PIECE; i++) {
        page[i] = unit[at];
        at = at + 1 == length ? 0 : at + 1;
    }
}

/* Bytes of hex digits, in place. */
static size_t decode_hex(char *hex)
{
    size_t length = strlen(hex) / 2;

    for (size_t i = 0; i < length; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        hex[i] = (char)strtoul(digits, NULL, 16);
    }
    return length;
}

static int in_hole(const char *holes, uint64_t page)
{
    while (holes != NULL && *holes != 0) {
        char *end;
        uint64_t first = strtoull(holes, &end, 10), count = strtoull(end + 1, &end, 10);
        if (page >= first && page - first < count)
            return 1;
        holes = *end == ',' ? end + 1 : end;
    }
    return 0;
}

/* In steps of a folio, so that one can be allocated for each. */
static int write_contents(int fd, const struct plan *plan)
{
    size_t step = page_bytes << plan->order;
    uint8_t *buffer = mmap(NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int result = 0;

    if (buffer == MAP_FAILED)
        return -1;
    for (uint64_t offset = 0; offset < plan->size && result == 0; offset += step) {
        size_t count = plan->size - offset < step ? plan->size - offset : step;
        if (in_hole(plan->holes, offset / page_bytes))
            continue;
        for (size_t i = 0; i < count; i += PIECE) {
            if (plan->unit_length > 0)
                fill_repeated(buffer + i, plan->unit, plan->unit_length, (offset + i) / PIECE);
            else
                fill_seeded(buffer + i, plan->seed, (offset + i) / PIECE);
        }
        result = pwrite(fd, buffer, count, (off_t)offset) == (ssize_t)count ? 0 : -1;
    }
    munmap(buffer, step);
    return result;
}

static int make_memfd(const char *name, const struct plan *plan)
{
    int fd = (int)syscall(SYS_memfd_create, name, 2u /* MFD_ALLOW_SEALING */);

    if (fd < 0)
        return -1;
    if (ftruncate(fd, (off_t)plan->size) < 0)
        return -1;
    if (plan->allocate_only && plan->size > 0 && fallocate(fd, 0, 0, (off_t)plan->size) < 0)
        return -1;
    if (!plan->allocate_only && write_contents(fd, plan) < 0)
        return -1;
    if (lseek(fd, (off_t)plan->position, SEEK_SET) < 0)
        return -1;
    if (plan->seals != 0 && fcntl(fd, F_ADD_SEALS, (int)plan->seals) < 0)
        return -1;
    return fd;
}

/* memfd SESSION TOKEN [size=N] [position=N] [seals=N] [order=N] [seed=N|hex=BYTES|allocate=1] [holes=F+N,F+N] */
static void preserve_memfd(const char *name, uint64_t token, char **words)
{
    struct session *session = find_session(name);
    struct plan plan = {0};
    struct luo_file_request arguments = {.size = sizeof arguments, .token = token};

    if (session == NULL) {
        fail(ENOENT, "session %s", name);
        return;
    }
    for (; *words != NULL; words++) {
        char *value = strchr(*words, '=');
        if (value == NULL) {
            fail(EINVAL, "%s", *words);
            return;
        }
        *value++ = 0;
        if (strcmp(*words, "size") == 0)
            plan.size = strtoull(value, NULL, 10);
        else if (strcmp(*words, "position") == 0)
            plan.position = strtoull(value, NULL, 10);
        else if (strcmp(*words, "seals") == 0)
            plan.seals = strtoull(value, NULL, 10);
        else if (strcmp(*words, "order") == 0)
            plan.order = strtoull(value, NULL, 10);
        else if (strcmp(*words, "seed") == 0)
            plan.seed = strtoull(value, NULL, 10);
        else if (strcmp(*words, "hex") == 0) {
            plan.unit = (const uint8_t *)value;
            plan.unit_length = decode_hex(value);
        }
        else if (strcmp(*words, "allocate") == 0)
            plan.allocate_only = 1;
        else if (strcmp(*words, "holes") == 0)
            plan.holes = value;
        else {
            fail(EINVAL, "%s", *words);
            return;
        }
    }
    arguments.fd = make_memfd(name, &plan);
    if (arguments.fd < 0) {
        fail(errno, "memfd %" PRIu64 " of %s", token, name);
        return;
    }
    uint64_t begun = now();
    int failed = ioctl(session->fd, LUO_PRESERVE_FD, &arguments) < 0 ? errno : 0;

    spent = now() - begun;
    if (failed) {
        fail(failed, "preserving memfd %" PRIu64 " of %s", token, name);
        return;
    }
    hold_file(session, token, arguments.fd);
    ok();
}

/* retrieve SESSION TOKEN */
static void retrieve_file(const char *name, uint64_t token)
{
    struct session *session = find_session(name);
    struct luo_file_request arguments = {.size = sizeof arguments, .token = token};

    if (session == NULL) {
        fail(ENOENT, "session %s", name);
        return;
    }
    if (ioctl(session->fd, LUO_RETRIEVE_FD, &arguments) < 0) {
        fail(errno, "token %" PRIu64 " of %s", token, name);
        return;
    }
    hold_file(session, token, arguments.fd);
    ok();
}

/* Page frames behind a file, as runs [page index, pfn, count]. Pages that do not exist are not made by looking. */
static void put_frames(int fd, uint64_t size)
{
    uint64_t pages = (size + page_bytes - 1) / page_bytes, first = 0, frame = 0, count = 0;
    const char *separator = "";
    volatile uint8_t *map;
    unsigned char *resident;
    int pagemap;

    if (size == 0)
        return;
    map = mmap(NULL, pages * page_bytes, PROT_READ, MAP_SHARED, fd, 0);
    resident = malloc(pages);
    pagemap = open("/proc/self/pagemap", O_RDONLY);
    if (map == MAP_FAILED || pagemap < 0 || mincore((void *)map, pages * page_bytes, resident) < 0)
        return;
    for (uint64_t i = 0; i <= pages; i++) {
        uint64_t entry = 0, now = 0;
        if (i < pages && (resident[i] & 1) != 0) {
            (void)map[i * page_bytes];
            if (pread(pagemap, &entry, 8, (off_t)(((uintptr_t)map / page_bytes + i) * 8)) == 8 && entry >> 63 != 0)
                now = entry & ((UINT64_C(1) << 55) - 1);
        }
        if (count > 0 && now != 0 && now == frame + count) {
            count++;
            continue;
        }
        if (count > 0) {
            fprintf(port, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", separator, first, frame, count);
            separator = ",";
        }
        first = i;
        frame = now;
        count = now != 0;
    }
    close(pagemap);
    free(resident);
    munmap((void *)map, pages * page_bytes);
}

/* describe SESSION TOKEN */
static void describe_file(const char *name, uint64_t token)
{
    static uint8_t buffer[64 * 1024];
    struct held_file *file = find_file(name, token);
    struct sha256 sha;
    struct stat status;
    char hex[65];
    off_t offset = 0;
    ssize_t count;

    if (file == NULL || fstat(file->fd, &status) < 0) {
        fail(ENOENT, "token %" PRIu64 " of %s", token, name);
        return;
    }
    sha256_start(&sha);
    while ((count = pread(file->fd, buffer, sizeof buffer, offset)) > 0) {
        sha256_add(&sha, buffer, (size_t)count);
        offset += count;
    }
    if (count < 0) {
        fail(errno, "reading token %" PRIu64 " of %s", token, name);
        return;
    }
    sha256_end(&sha, hex);
    fputs("{\"session\":", port);
    put_string(name);
    fprintf(port, ",\"token\":\"%" PRIu64 "\",\"size\":\"%jd\",\"sha256\":\"%s\",\"position\":\"%jd\",\"seals\":%d,\"frames\":[",
            token, (intmax_t)status.st_size, hex, (intmax_t)lseek(file->fd, 0, SEEK_CUR),
            fcntl(file->fd, F_GET_SEALS));
    put_frames(file->fd, (uint64_t)status.st_size);
    fputs("]}\n", port);
    ok();
}

/* ---- files of the guest ---- */

/* read PATH */
static void read_file(const char *path)
{
    static uint8_t buffer[768 * 4];
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    ssize_t count = 0;

    if (fd < 0) {
        fail(errno, "%s", path);
        return;
    }
    while ((count = read(fd, buffer, sizeof buffer)) > 0)
        put_bytes(buffer, (size_t)count);
    if (count < 0)
        fail(errno, "%s", path);
    else
        ok();
    close(fd);
}

/* write PATH TEXT */
/* took: nanoseconds that the kernel needed for the last file that was preserved, or written to. */
static void tell_spent(void)
{
    fprintf(port, "{\"nanoseconds\":%" PRIu64 "}\n", spent);
    ok();
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    uint64_t begun = now();
    int failed = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;

    spent = now() - begun;
    if (failed)
        fail(failed, "%s", path);
    else
        ok();
    if (fd >= 0)
        close(fd);
}

static int list_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)walk;
    if (type == FTW_F) {
        fputs("{\"path\":", port);
        put_string(path);
        fprintf(port, ",\"size\":%jd}\n", (intmax_t)status->st_size);
    }
    return 0;
}

/* list FOLDER: the files below it */
static void list_folder(const char *path)
{
    if (nftw(path, list_one, 16, FTW_PHYS) < 0)
        fail(errno, "%s", path);
    else
        ok();
}

/* dmesg: the kernel's log buffer, whole */
static void read_log(void)
{
    int size = klogctl(10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0);
    uint8_t *buffer = malloc(size > 0 ? (size_t)size : 1);
    int count = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, (char *)buffer, size);

    if (count < 0) {
        fail(errno, "dmesg");
    } else {
        for (int i = 0; i < count; i += 3072)
            put_bytes(buffer + i, (size_t)(count - i < 3072 ? count - i : 3072));
        ok();
    }
    free(buffer);
}

/* symbols NAME...: kernel addresses, as the running kernel has them */
static void find_symbols(char **names)
{
    FILE *symbols = fopen("/proc/kallsyms", "r");
    char line[512], name[256];
    uint64_t address;

    if (symbols == NULL) {
        fail(errno, "/proc/kallsyms");
        return;
    }
    while (fgets(line, sizeof line, symbols) != NULL) {
        if (sscanf(line, "%" SCNx64 " %*c %255s", &address, name) != 2)
            continue;
        for (char **wanted = names; *wanted != NULL; wanted++)
            if (strcmp(*wanted, name) == 0)
                fprintf(port, "{\"name\":\"%s\",\"address\":\"0x%" PRIx64 "\"}\n", name, address);
    }
    fclose(symbols);
    ok();
}

/* ---- the next kernel ---- */

/* load KERNEL INITRD CMDLINE */
static void load_kernel(const char *kernel, const char *initrd, const char *cmdline)
{
    int kernel_fd = open(kernel, O_RDONLY), initrd_fd = open(initrd, O_RDONLY);

    if (kernel_fd < 0 || initrd_fd < 0)
        fail(errno, "%s", kernel_fd < 0 ? kernel : initrd);
    else if (syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, strlen(cmdline) + 1, cmdline, 0UL) < 0)
        fail(errno, "kexec_file_load");
    else
        ok();
    close(kernel_fd);
    close(initrd_fd);
}

/* jump: answers only where it fails, for else there is nobody left to answer. */
static void jump(void)
{
    sync();
    syscall(SYS_reboot, 0xfee1dead, 672274793, 0x45584543 /* LINUX_REBOOT_CMD_KEXEC */, NULL);
    fail(errno, "the jump");
}

/* ---- requests ---- */

static void decode_word(char *word)
{
    char *to = word;

    if (strcmp(word, "%_") == 0)
        *word = 0;
    for (; *word != 0; word++) {
        unsigned int byte;
        if (*word == '%' && sscanf(word + 1, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            word += 2;
        } else {
            *to++ = *word;
        }
    }
    *to = 0;
}

static void answer(char **words, int count)
{
    const char *verb = words[0];

    if (strcmp(verb, "session") == 0 && count == 2)
        open_session(words[1], LUO_CREATE_SESSION);
    else if (strcmp(verb, "retrieve-session") == 0 && count == 2)
        open_session(words[1], LUO_RETRIEVE_SESSION);
    else if (strcmp(verb, "finish") == 0 && count == 2)
        finish_session(words[1]);
    else if (strcmp(verb, "memfd") == 0 && count >= 3)
        preserve_memfd(words[1], strtoull(words[2], NULL, 10), words + 3);
    else if (strcmp(verb, "retrieve") == 0 && count == 3)
        retrieve_file(words[1], strtoull(words[2], NULL, 10));
    else if (strcmp(verb, "describe") == 0 && count == 3)
        describe_file(words[1], strtoull(words[2], NULL, 10));
    else if (strcmp(verb, "read") == 0 && count == 2)
        read_file(words[1]);
    else if (strcmp(verb, "write") == 0 && count == 3)
        write_file(words[1], words[2]);
    else if (strcmp(verb, "took") == 0 && count == 1)
        tell_spent();
    else if (strcmp(verb, "list") == 0 && count == 2)
        list_folder(words[1]);
    else if (strcmp(verb, "dmesg") == 0 && count == 1)
        read_log();
    else if (strcmp(verb, "symbols") == 0 && count >= 2)
        find_symbols(words + 1);
    else if (strcmp(verb, "load") == 0 && count == 4)
        load_kernel(words[1], words[2], words[3]);
    else if (strcmp(verb, "jump") == 0 && count == 1)
        jump();
    else
        fail(EINVAL, "request %s", verb);
}

/* A serial port that neither echoes nor translates. */
static void make_raw(int fd)
{
    struct termios settings;

    if (tcgetattr(fd, &settings) == 0) {
        cfmakeraw(&settings);
        settings.c_cflag |= CLOCAL | CREAD;
        cfsetspeed(&settings, B115200);
        tcsetattr(fd, TCSANOW, &settings);
    }
}

/* The first process has nobody else to mount what is looked at. */
static void be_init(void)
{
    int fd;

    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    fd = open("/proc/sys/kernel/kptr_restrict", O_WRONLY);
    if (fd >= 0 && write(fd, "0", 1) == 1)
        close(fd);
    puts("kho-guest: user space is up");
    fflush(stdout);
}

/* A PC's second serial port; elsewhere a virtio port, which takes its time to answer. */
static FILE *open_port(void)
{
    FILE *found;

    while ((found = fopen("/dev/ttyS1", "r+")) == NULL && (found = fopen("/dev/vport0p1", "r+")) == NULL)
        usleep(20000);
    return found;
}

/* agent PORT; as the first process of a guest it finds its port itself, and has the words that the kernel did not know. */
int main(int count, char **arguments)
{
    static char line[64 * 1024], output[64 * 1024];
    char *words[64];
    struct utsname name;
    int is_init = getpid() == 1;

    if (is_init)
        be_init();
    port = is_init ? open_port() : count == 2 ? fopen(arguments[1], "r+") : NULL;
    if (port == NULL) {
        fprintf(stderr, "kho-agent: %s: %s\n", count == 2 ? arguments[1] : "no port given", strerror(errno));
        return 1;
    }
    make_raw(fileno(port));
    setvbuf(port, output, _IOFBF, sizeof output);
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    uname(&name);
    fputs("{\"ready\":", port);
    put_string(name.release);
    fputs("}\nok\n", port);
    fflush(port);

    /* A virtio port can be opened once only. */
    FILE *requests = fdopen(dup(fileno(port)), "r");
    while (requests != NULL && fgets(line, sizeof line, requests) != NULL) {
        int number = 0;
        for (char *word = strtok(line, " \n"); word != NULL && number < 63; word = strtok(NULL, " \n"))
            words[number++] = word;
        words[number] = NULL;
        for (int i = 0; i < number; i++)
            decode_word(words[i]);
        if (number > 0)
            answer(words, number);
        fflush(port);
    }
    if (is_init)
        reboot(RB_POWER_OFF);
    return 0;
}
